// moebench inspect: is this checkpoint sound, and what is in it?

import ArgumentParser
import Inference
import Reports
import StrictJSON

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Validate a checkpoint without running it: parameters, formats, bytes, tokenizer.")

  @Argument(help: "A Hugging Face directory, a .gguf file or a catalogue name.")
  var model: String

  @OptionGroup(title: "Where it goes") var output: DocumentOptions

  mutating func run() throws {
    try output.probe()
    let source = try ModelSource(model)
    let description = try source.description()
    let count = try description.parameterCount()
    let stored: StoredWeights? =
      if case .checkpoint(let checkpoint, _) = source {
        try source.naming { try CheckpointAudit.check(description, checkpoint) }
      } else { nil }
    let (tokenizer, tokenizerReason) = try Self.tokenizer(
      of: source, vocabulary: description.vocabulary)
    try source.checkUnchanged()
    let inspection = Inspection(
      name: source.name, description: description, count: count, stored: stored,
      tokenizer: tokenizer, tokenizerReason: tokenizerReason)
    try output.write(text: { _ in inspection.text }, json: { inspection.json })
  }
}

extension Inspect {
  /// Where the tokenizer lies, or why there is none.
  ///
  /// - Throws: What is wrong with a tokenizer that is there: text would become other tokens than the model's.
  private static func tokenizer(
    of source: ModelSource, vocabulary: Int
  ) throws -> (String?, reason: String?) {
    guard case .checkpoint(let checkpoint, _) = source else {
      return (nil, "a shape of the catalogue has none")
    }
    do {
      let loaded = try ModelTokenizer.load(checkpoint)
      try loaded.check(vocabulary: vocabulary)
      return (loaded.origin, nil)
    } catch let failure as Failure where failure.status == .noInput {
      return (nil, failure.description)
    }
  }
}

/// What `inspect` prints.
private struct Inspection {
  let name: String
  let description: ModelDescription
  let count: ParameterCount
  let stored: StoredWeights?
  let tokenizer: String?
  let tokenizerReason: String?

  var text: String {
    var table = TextTable([.left, .left])
    table.add(["model", name.safeForTerminal])
    table.add(["architecture", description.family])
    table.add([
      "layers", "\(description.layers.count), \(count.mixtures.count) with routed experts",
    ])
    if let mixture = count.mixtures.first {
      table.add(["experts", "\(mixture.experts), \(mixture.expertsPerToken) a token"])
    }
    table.add(["hidden size", "\(description.hidden)"])
    table.add(["vocabulary", "\(description.vocabulary)"])
    table.add(["context", description.context.map(String.init) ?? "not said"])
    table.add(["parameters", Number.count(Double(count.total))])
    table.add([
      "active a token",
      "\(Number.count(Double(count.activeWithoutEmbedding))) without the embedding look-up, "
        + "\(Number.count(Double(count.activeWithEmbedding))) with it",
    ])
    for role in ParameterRole.allCases {
      guard let parameters = count.byRole[role], parameters > 0 else { continue }
      let bytes = stored?.bytesByRole[role].map { ", " + Number.bytes(Double($0)) } ?? ""
      table.add(["  " + role.rawValue, Number.count(Double(parameters)) + bytes])
    }
    if let stored {
      table.add(["tensors", "\(stored.tensors), \(Number.bytes(Double(stored.byteCount)))"])
      for (type, bytes) in stored.bytesByType.sorted(by: { $0.value > $1.value }) {
        table.add(["  " + type, Number.bytes(Double(bytes))])
      }
      if stored.skipped > 0 {
        table.add(["skipped", "\(stored.skipped) tensors that are not part of the text decoder"])
      }
    }
    table.add(["cache a position", "\(count.cacheElementsPerPosition) numbers"])
    table.add(["tokenizer", tokenizer ?? "none: \(tokenizerReason ?? "")"])
    return table.lines().joined(separator: "\n") + "\n"
  }

  var json: JSONValue {
    var document = JSONObject()
    document.append("schema", "moebench.inspect/1")
    document.append("name", .string(name))
    document.append("architecture", .string(description.family))
    document.append("layers", JSONValue(description.layers.count))
    document.append("hidden_size", JSONValue(description.hidden))
    document.append("vocabulary", JSONValue(description.vocabulary))
    document.append("context", .intOrNull(description.context))
    document.append(
      "parameters",
      [
        "total": JSONValue(count.total), "active": JSONValue(count.activeWithoutEmbedding),
        "active_with_embedding": JSONValue(count.activeWithEmbedding),
      ])
    var parts = JSONObject()
    for role in ParameterRole.allCases where (count.byRole[role] ?? 0) > 0 {
      parts.append(
        role.rawValue,
        [
          "parameters": JSONValue(count.byRole[role] ?? 0),
          "bytes": .intOrNull(stored?.bytesByRole[role]),
        ])
    }
    document.append("parts", .object(parts))
    var types = JSONObject()
    for (type, bytes) in (stored?.bytesByType ?? [:]).sorted(by: { $0.key < $1.key }) {
      types.append(type, JSONValue(bytes))
    }
    document.append("bytes_by_type", .object(types))
    document.append("tensors", .intOrNull(stored?.tensors))
    document.append("weight_bytes", .intOrNull(stored?.byteCount))
    document.append("tensors_skipped", .intOrNull(stored?.skipped))
    document.append("cache_elements_per_position", JSONValue(count.cacheElementsPerPosition))
    document.append("tokenizer", .stringOrNull(tokenizer))
    document.append("tokenizer_reason", .stringOrNull(tokenizerReason))
    return .object(document)
  }
}
