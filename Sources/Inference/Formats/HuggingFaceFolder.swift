// A model's folder as on the Hugging Face hub: config.json, and safetensors in one file or in shards with an index.

import StrictJSON

struct HuggingFaceFolder {
  let path: String

  private static let configurationLimit = 4 << 20
  private static let single = "model.safetensors"
  private static let index = "model.safetensors.index.json"

  private func file(_ name: String) -> String {
    path.hasSuffix("/") ? path + name : path + "/" + name
  }

  /// `config.json`; Python's `Infinity` is accepted in it, as its writer's default.
  func readConfiguration() throws(CheckpointError) -> JSONValue {
    let path = file("config.json")
    guard FileSystem.exists(path) else { throw CheckpointError(self.path, .noConfiguration) }
    return try Self.configuration(file: path)
  }

  /// A configuration wherever it lies.
  static func configuration(file path: String) throws(CheckpointError) -> JSONValue {
    let bytes = try InputFile(path: path).readAll(limit: configurationLimit)
    let value: JSONValue
    do {
      value = try JSONValue(
        parsing: bytes, limits: JSONLimits(acceptsNonFinite: true, values: 1 << 20))
    } catch {
      throw CheckpointError(path, .json("\(error.rule)"), offset: error.offset)
    }
    guard value.object != nil else {
      throw CheckpointError(path, .wrongKind(found: value.kind, wanted: "an object"), offset: 0)
    }
    return value
  }

  /// The weights: `model.safetensors`, else the index's shards, else the only safetensors file there is.
  func openWeights() throws(CheckpointError) -> SafetensorsSource {
    if FileSystem.exists(file(Self.single)) {
      return try SafetensorsSource(SafetensorsFile(path: file(Self.single)))
    }
    if FileSystem.exists(file(Self.index)) {
      return try SafetensorsSource(try readIndex()) { name throws(CheckpointError) in
        try openShard(name)
      }
    }
    let names = try FileSystem.names(in: path, suffix: ".safetensors")
    guard let name = names.first else { throw CheckpointError(path, .noWeights) }
    guard names.count == 1 else {
      throw CheckpointError(path, .severalWeightFiles(names.count))
    }
    return try SafetensorsSource(SafetensorsFile(path: file(name)))
  }

  /// The GGUF file of a folder that has no configuration: the only one, or the first of one model's parts.
  func onlyGGUF() throws(CheckpointError) -> String? {
    guard !FileSystem.exists(file("config.json")) else { return nil }
    let names = try FileSystem.names(in: path, suffix: ".gguf")
    let first = names.filter { !$0.contains("-of-") || $0.contains("-00001-of-") }
    guard let name = first.first else { return nil }
    guard first.count == 1 else { throw CheckpointError(path, .severalWeightFiles(first.count)) }
    return file(name)
  }

  private func openShard(_ name: String) throws(CheckpointError) -> SafetensorsFile {
    guard FileSystem.exists(file(name)) else {
      throw CheckpointError(file(Self.index), .missingShard(name), at: .field("weight_map"))
    }
    return try SafetensorsFile(path: file(name))
  }

  private func readIndex() throws(CheckpointError) -> SafetensorsIndex {
    let path = file(Self.index)
    return try SafetensorsIndex(
      path: path, bytes: InputFile(path: path).readAll(limit: SafetensorsIndex.limit))
  }
}
