// moebench logits: next-token scores, routing and greedy continuation as JSON.

import ArgumentParser
import Inference
import StrictJSON

struct Logits: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print next-token scores at every position, routing and a greedy continuation.")

  @Argument(help: "A Hugging Face directory, a .gguf file or a catalogue name.")
  var model: String

  @Option(parsing: .unconditional, help: "Token ids, separated by commas.")
  var tokens: String

  @Option(parsing: .unconditional, help: "Tokens to decode greedily after the given ones.")
  var greedy = 0

  @Option(parsing: .unconditional, help: "Tokens a forward pass takes at a time (default: all).")
  var chunk: Int?

  @Option(name: [.short, .long], parsing: .unconditional, help: "Threads.")
  var threads = 1

  @OptionGroup var cache: CacheOptions

  mutating func validate() throws {
    let most = 1 << 20
    for (flag, value, range) in [
      ("--greedy", greedy, 0...most), ("--chunk", chunk ?? 1, 1...most),
      ("--threads", threads, 1...1024),
    ] where !range.contains(value) {
      throw ValidationError(
        "\(flag) \(value): must be between \(range.lowerBound) and \(range.upperBound)")
    }
  }

  mutating func run() throws {
    let ids = try tokens.split(separator: ",", omittingEmptySubsequences: false).map { piece in
      guard let id = Int(piece) else {
        throw ValidationError("--tokens: \"\(piece)\" is not a token id")
      }
      return id
    }
    let source = try ModelSource(model)
    let description = try source.description()
    guard case .checkpoint(let checkpoint, _) = source else {
      throw Failure(.usage, "logits needs a checkpoint: \(model) is a shape without weights")
    }
    let cacheFormat = try cache.format()
    let evaluation = try source.naming {
      try CheckpointAudit.check(description, checkpoint)
      let decoder = try Decoder(
        description, weights: CheckpointWeights(checkpoint),
        options: DecoderOptions(
          threads: threads, positions: ids.count + greedy + 1, batch: ids.count, exact: true,
          cacheFormat: cacheFormat))
      return try Evaluation(decoder, tokens: ids, chunk: chunk ?? ids.count, greedy: greedy)
    }
    try source.checkUnchanged()
    Output.standard(try json(evaluation).text() + "\n")
  }

  private func json(_ evaluation: Evaluation) -> JSONValue {
    var document = JSONObject()
    document.append("schema", "moebench.logits/1")
    document.append("tokens", .array(evaluation.tokens.map { JSONValue($0) }))
    document.append(
      "logits",
      .array(evaluation.logits.map { .array($0.map { .numberOrNull(Double($0)) }) }))
    document.append("routing", .array(evaluation.routing.map(routing)))
    document.append("greedy", .array(evaluation.greedy.map { JSONValue($0) }))
    return .object(document)
  }

  private func routing(_ choices: RoutingRecorder.Choices) -> JSONValue {
    let k = choices.expertsPerToken
    let rows = stride(from: 0, to: choices.experts.count, by: k).map { $0..<($0 + k) }
    return [
      "layer": JSONValue(choices.layer),
      "experts": .array(rows.map { .array(choices.experts[$0].map { JSONValue(Int($0)) }) }),
      "weights": .array(
        rows.map { .array(choices.weights[$0].map { .numberOrNull(Double($0)) }) }),
    ]
  }
}
