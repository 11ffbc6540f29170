// Finds the catalogue's model in the names that servers and tools use: repositories, paths, files with a quantisation.

/// What a name is taken for.
public enum NamedModel: Sendable {
  /// - Parameter words: What the name says beyond the model's own: how it was tuned, stored or dated.
  case known(ModelEntry, words: [String])
  case unknown(reason: String)

  public var entry: ModelEntry? {
    if case .known(let entry, _) = self { entry } else { nil }
  }
}

extension Catalogue {
  /// The model that a name tells, never a guess: every word of the name must be the model's own, or one that leaves the
  /// model's shape as it is.
  ///
  /// - Parameter totalParameters: As the tool counted them; where they contradict the catalogue, the model is unknown.
  public func model(servedAs name: String, totalParameters: Int? = nil) -> NamedModel {
    let quoted = name.quotedForMessage()
    let words = Self.words(name)
    guard !words.isEmpty else { return .unknown(reason: "the model has no name") }
    let fitting = models.compactMap { entry in
      Self.names(of: entry).filter { words.starts(with: $0) }.map(\.count).max()
        .map { (entry: entry, length: $0) }
    }
    let longest = fitting.map(\.length).max() ?? 0
    let found = fitting.filter { $0.length == longest }.map(\.entry)
    guard let entry = found.first else { return .unknown(reason: reason(words, quoted)) }
    guard found.count == 1 else {
      return .unknown(reason: "\(quoted) may be \(found.map(\.name).joined(separator: " or "))")
    }
    let rest = Array(words[longest...])
    if let strange = Self.strange(in: rest) {
      return .unknown(
        reason: "\(quoted) is not \(entry.name) for sure: \"\(strange)\" may be another model")
    }
    if let totalParameters, let billions = entry.computed?.totalBillion,
      abs(Double(totalParameters) / 1e9 - billions) > 0.05 * billions
    {
      return .unknown(
        reason: "\(quoted) is not \(entry.name), which has another number of parameters")
    }
    return .known(entry, words: rest)
  }

  private func reason(_ words: [String], _ quoted: String) -> String {
    let family = models.filter { entry in Self.names(of: entry).contains { $0.starts(with: words) }
    }
    guard !family.isEmpty else { return "\(quoted) is no model of the catalogue" }
    let names = family.map(\.name)
    let more = names.count > 3 ? " and \(names.count - 3) more" : ""
    return "\(quoted) may be \(names.prefix(3).joined(separator: ", "))\(more)"
  }

  /// The first word that may make it another model: whatever is neither tuning, storage nor a date, which leave the
  /// layers and parameters as they are.
  private static func strange(in words: [String]) -> String? {
    var isQuantisation = false
    for word in words {
      // llama.cpp's types are several words, as q4_k_m; elsewhere a lone 1 may be the end of V3-1.
      if isQuantisation && partsOfTypes.contains(word) { continue }
      isQuantisation = word.wholeMatch(of: /i?q[1-8]/) != nil
      let isDate = [4, 6, 8].contains(word.count) && word.allSatisfy(\.isNumber)
      let isBits = word.wholeMatch(of: /[1-8]bit|w\d+a\d+|v0\.[1-9]/) != nil
      if !(isQuantisation || isDate || isBits || sameShape.contains(word)) { return word }
    }
    return nil
  }

  private static let partsOfTypes: Set<String> = [
    "0", "1", "k", "s", "m", "l", "xl", "xs", "xxs", "nl",
  ]

  private static let sameShape: Set<String> = [
    "instruct", "chat", "it", "base", "hf", "gguf", "mlx", "onnx", "awq", "gptq", "exl2", "exl3",
    "bnb", "unsloth", "imatrix", "ud", "i1", "dynamic", "quantized", "latest", "f32", "fp32", "f16",
    "fp16", "bf16", "fp8", "f8", "e4m3", "fp4", "nvfp4", "mxfp4", "int8", "int4",
  ]

  /// The names an entry goes by, in words.
  private static func names(of entry: ModelEntry) -> [[String]] {
    [entry.name, entry.title, entry.huggingFaceRepository].map(words).filter { !$0.isEmpty }
  }

  /// The last part of a path without the ending of a file, in lower case, in words.
  private static func words(_ name: String) -> [String] {
    var last = name.split(separator: "/").last.map { $0.lowercased() } ?? ""
    for ending in [".gguf", ".safetensors", ".bin"] where last.hasSuffix(ending) {
      last.removeLast(ending.count)
    }
    // Shards end in -00001-of-00003.
    last = last.replacing(/-\d{5}-of-\d{5}$/, with: "")
    return last.split { !($0.isLetter || $0.isNumber || $0 == ".") }.map(String.init)
  }
}
