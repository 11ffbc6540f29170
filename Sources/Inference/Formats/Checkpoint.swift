// A model as users have it: a Hugging Face folder or a GGUF file, seen as a configuration and named tensors.

import StrictJSON

/// A checkpoint whose container was read and found sound. The data stay mapped and untouched until used.
///
/// Whatever the container, the configuration has the keys of the family's `config.json` and the tensors have the
/// names and layouts of the family's safetensors, so that a family is described once.
public final class Checkpoint: Sendable {
  /// The container that the tensors came in.
  public enum Container: String, Sendable {
    case safetensors, gguf
  }

  public let path: String
  public let container: Container
  /// The family's `config.json`.
  public let config: JSONValue
  private let source: any TensorSource

  /// Opens a folder with `config.json` and safetensors, or a GGUF file (the first of several), or a folder with nothing
  /// but such a file.
  ///
  /// - Throws: ``CheckpointError`` for everything that is missing, malformed or inconsistent.
  /// - Complexity: Reads configuration, index and headers only.
  public init(path: String) throws(CheckpointError) {
    self.path = path
    let folder = HuggingFaceFolder(path: path)
    let isFolder = try FileSystem.kind(of: path) == .folder
    if let file = isFolder ? try folder.onlyGGUF() : path {
      guard try GGUFFile.hasMagic(file) else { throw CheckpointError(file, .notACheckpoint) }
      let model = try GGUFModel(path: file)
      config = model.config
      source = model
      container = .gguf
    } else {
      config = try folder.readConfiguration()
      source = try folder.openWeights()
      container = .safetensors
    }
  }

  /// The configuration of a model whose weights need not be there: a folder's `config.json`, that file itself, or what
  /// the header of a GGUF file says.
  ///
  /// - Throws: ``CheckpointError`` for everything that is missing, malformed or inconsistent.
  public static func configuration(path: String) throws(CheckpointError) -> JSONValue {
    let folder = HuggingFaceFolder(path: path)
    let isFolder = try FileSystem.kind(of: path) == .folder
    if !isFolder, path.hasSuffix(".json") { return try HuggingFaceFolder.configuration(file: path) }
    guard let file = isFolder ? try folder.onlyGGUF() : path else {
      return try folder.readConfiguration()
    }
    guard try GGUFFile.hasMagic(file) else { throw CheckpointError(file, .notACheckpoint) }
    return try GGUFModel(path: file, isHeaderOnly: true).config
  }

  /// Opens one safetensors file that is no model: reference answers, say. Its configuration is empty.
  package init(tensorsOf file: String) throws(CheckpointError) {
    path = file
    container = .safetensors
    config = .object(JSONObject())
    source = SafetensorsSource(try SafetensorsFile(path: file))
  }

  /// Names of all tensors, in the containers' order.
  public var tensorNames: [String] { source.names }

  /// The tensor called `name`, compared by bytes; nil if there is none.
  ///
  /// - Throws: ``CheckpointError`` if its file cannot be mapped.
  public func tensor(named name: String) throws(CheckpointError) -> StoredTensor? {
    try source.tensor(named: name)
  }

  /// Whether there is a tensor of that name.
  public func holds(_ name: String) -> Bool { source.description(ofTensor: name) != nil }

  /// What the header says about a tensor, without mapping anything; nil if there is none of that name.
  public func description(ofTensor name: String) -> TensorDescription? {
    source.description(ofTensor: name)
  }

  /// The metadata of a GGUF file, its vocabulary among them; nil for other containers.
  public var ggufMetadata: GGUFMetadata? { (source as? GGUFModel)?.source.metadata }

  /// A layer's experts as GGUF stores them, whatever layout the family's safetensors have.
  ///
  /// - Parameter firstName: The name of the family's gate (`…experts.{}.gate_proj.weight`) or gate-and-up tensor.
  /// - Returns: Three stacks in the file's mapping; nil for other containers and names.
  public func stackedExperts(_ firstName: String) throws(CheckpointError) -> StackedExperts? {
    try (source as? GGUFModel)?.stackedExperts(firstName)
  }

  /// Names, types and shapes of ``stackedExperts(_:)``, without mapping anything.
  func stackDescriptions(_ firstName: String) -> [(name: String, TensorDescription)]? {
    (source as? GGUFModel)?.stackDescriptions(firstName)
  }

  /// Finds out whether a file of the model was written to or cut since it was opened.
  ///
  /// - Throws: ``CheckpointError`` with status 74: what was computed may be wrong.
  public func checkUnchanged() throws(CheckpointError) { try source.checkUnchanged() }

  /// What the engine says of a field or a tensor in the words of the container: a GGUF file has keys and tensor names of
  /// its own, and no config.json.
  ///
  /// - Returns: nil for errors that are not about the model's files.
  public func refusal(_ error: EngineError) -> CheckpointError? {
    if let model = source as? GGUFModel { return model.refusal(error) }
    return CheckpointError(error, file: path)
  }

  /// The contents of a regular file of at most `limit` bytes; pipes, devices and folders are refused.
  public static func contents(ofFile path: String, limit: Int) throws(CheckpointError) -> [UInt8] {
    try InputFile(path: path).readAll(limit: limit)
  }
}

/// Type, shape and size of a tensor.
public struct TensorDescription: Sendable, Equatable {
  public let type: TensorType
  public let shape: [Int]
  public let byteCount: Int
}

/// Named tensors out of one or several files.
protocol TensorSource: Sendable {
  var names: [String] { get }
  func tensor(named name: String) throws(CheckpointError) -> StoredTensor?
  func description(ofTensor name: String) -> TensorDescription?
  func checkUnchanged() throws(CheckpointError)
}
