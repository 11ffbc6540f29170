// LiteLLM's model_prices_and_context_window.json: an object of models, prices as numbers per token.

import StrictJSON

extension ImportReader {
  /// Modes whose prices are per token of text.
  private static let textModes: Set<String> = ["chat", "completion", "responses"]

  mutating func readLiteLLM(_ document: Node) throws(DataError) {
    for (name, node) in try document.members() {
      guard name != "sample_spec" else { continue }
      let mode = try node.optionalString("mode") ?? "chat"
      guard Self.textModes.contains(mode) else {
        skip(node, "mode \(mode.escapedForMessage(limit: 30)) is not priced per text token")
        continue
      }
      guard let input = try node.optionalAmount("input_cost_per_token"),
        let output = try node.optionalAmount("output_cost_per_token")
      else {
        skip(node, "no price per token of input and output")
        continue
      }
      guard input > 0, output > 0 else {
        skip(node, "priced at 0 for input or output: free or unknown")
        continue
      }
      try addLiteLLM(name, node, input, output)
    }
  }

  private mutating func addLiteLLM(
    _ name: String, _ node: Node, _ input: Double, _ output: Double
  ) throws(DataError) {
    let provider = try node.optionalString("litellm_provider") ?? "unknown provider"
    var row = row(
      provider: provider, model: name, id: name, input: input, output: output,
      cached: try node.optionalAmount("cache_read_input_token_cost"))
    row.context = try node.optionalCount("max_input_tokens")
    row.contextSteps = try steps(node, input, output)
    row.batchDiscount = try batchDiscount(node, input, output)
    // The map has no clock: for a vendor that prices by the hour it keeps the dearest price.
    if provider == "deepseek" { row.flags = ["peak price: LiteLLM's map has no time of day"] }
    try add(row, at: node)
  }

  /// From `input_cost_per_token_batches` and its like; the smaller where input and output differ.
  private func batchDiscount(
    _ node: Node, _ input: Double, _ output: Double
  ) throws(DataError) -> Double? {
    guard let batchInput = try node.optionalAmount("input_cost_per_token_batches"),
      let batchOutput = try node.optionalAmount("output_cost_per_token_batches")
    else { return nil }
    let share = min(1 - batchInput / input, 1 - batchOutput / output)
    return share > 0 && share < 1 ? (share * 1e6).rounded() / 1e6 : nil
  }

  /// `input_cost_per_token_above_200k_tokens` and its like.
  private func steps(
    _ node: Node, _ input: Double, _ output: Double
  ) throws(DataError) -> [PriceRow.ContextStep] {
    let prefix = "input_cost_per_token_above_"
    var steps: [PriceRow.ContextStep] = []
    for (key, member) in try node.members() where key.hasPrefix(prefix) && !member.value.isNull {
      let band = key.dropFirst(prefix.count)
      guard band.hasSuffix("k_tokens"), let thousands = Int(band.dropLast("k_tokens".count)),
        (1...1_000_000).contains(thousands)
      else { continue }
      let above = try node.optionalAmount("output_cost_per_token_above_\(band)")
      steps.append(
        PriceRow.ContextStep(
          aboveInputTokens: thousands * 1000,
          inputFactor: input > 0 ? try member.amount() / input : nil,
          outputFactor: output > 0 ? above.map { $0 / output } : nil))
    }
    return steps.sorted { $0.aboveInputTokens < $1.aboveInputTokens }
  }
}
