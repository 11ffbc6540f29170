// Reading a row of a price table: strict about numbers and origin, lenient about what may be absent.

import StrictJSON

extension PriceRow {
  /// - Throws: `DataError` naming file, path and rule. Provider, model, date and source are required:
  ///   a price without them is worth nothing. A list price needs both prices.
  init(_ node: Node) throws(DataError) {
    provider = try node.string("provider")
    model = try node.string("model")
    modelID = try node.optionalString("model_id") ?? model
    id = try node.optionalString("id") ?? "\(provider)/\(modelID)"
    kind = try Self.choice(node, "kind", Kind.self) ?? .list
    catalogue = try node.strings("catalogue")
    headline = try node.flag("headline")
    openWeights = try node.optional("open_weights")?.bool()
    usdPerMillionInput = try node.optionalAmount("usd_per_million_input")
    usdPerMillionCachedInput = try node.optionalAmount("usd_per_million_cached_input")
    usdPerMillionOutput = try node.optionalAmount("usd_per_million_output")
    batchDiscount = try node.optional("batch_discount")?.share()
    context = try node.optionalCount("context")
    contextSteps = try node.list("context_steps") { (step) throws(DataError) in
      ContextStep(
        aboveInputTokens: try step.member("above_input_tokens").count(),
        inputFactor: try step.optional("input_factor")?.positive(),
        outputFactor: try step.optional("output_factor")?.positive())
    }
    timeBand = try Self.choice(node, "time_band", TimeBand.self)
    timeShare = try node.optional("time_share")?.share()
    tier = try node.optionalString("tier")
    validFrom = try node.optionalDay("valid_from")
    validTo = try node.optionalDay("valid_to")
    asOf = try node.string("as_of")
    source = try node.string("source")
    agreesWith = try node.strings("agrees_with")
    flags = try node.strings("flags")
    note = try node.optionalString("note")
    currencyNote = try node.optionalString("currency_note")
    try check(node)
  }

  /// No price list asks more for a million tokens; what does is a wrong unit.
  static let highestUsdPerMillion = 1e6

  private func check(_ node: Node) throws(DataError) {
    try checkHeights(node)
    if batchDiscount == 1 {
      throw try node.member("batch_discount").fault(
        .outOfRange("1", rule: "must be below 1: nothing is left to pay"))
    }
    if kind == .list {
      for key in ["usd_per_million_input", "usd_per_million_output"] { _ = try node.amount(key) }
      if usdPerMillionInput == 0 && usdPerMillionOutput == 0 {
        throw try node.member("usd_per_million_input").fault(
          .outOfRange("0", rule: "and an output price of 0: a price of nothing is not a price"))
      }
      for key in ["usd_per_million_input", "usd_per_million_output"]
      where try node.amount(key) == 0 && !flags.contains(Self.free) {
        throw try node.member(key).fault(
          .outOfRange("0", rule: "must be above 0, or be marked with \"free\" among the flags"))
      }
    }
    if let validFrom, let validTo, validTo < validFrom {
      throw try node.member("valid_to").fault(
        .fallsBefore(validTo.description, "valid_from \(validFrom)"))
    }
    guard Day(asOf) != nil else { throw try node.member("as_of").fault(.notADay(asOf)) }
  }

  /// Also what an import has made of a price a token.
  func checkHeights(_ node: Node) throws(DataError) {
    for price in [usdPerMillionInput, usdPerMillionCachedInput, usdPerMillionOutput] {
      guard let price else { continue }
      guard price <= Self.highestUsdPerMillion else {
        throw node.fault(
          .outOfRange(
            "\(price) $ a million tokens",
            rule: "must be at most \(Self.highestUsdPerMillion): a wrong unit?"))
      }
    }
  }

  private static func choice<T: RawRepresentable & CaseIterable>(
    _ node: Node, _ key: String, _ type: T.Type
  ) throws(DataError) -> T? where T.RawValue == String {
    guard let member = try node.optional(key) else { return nil }
    let text = try member.string()
    guard let value = T(rawValue: text) else {
      let wanted = T.allCases.map(\.rawValue).joined(separator: ", ")
      throw member.fault(.outOfRange(text.escapedForMessage(), rule: "is none of \(wanted)"))
    }
    return value
  }
}
