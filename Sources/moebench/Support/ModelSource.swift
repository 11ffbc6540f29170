// What MODEL stands for: files on disk, or a shape of the catalogue.

import Inference
import Models
import StrictJSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A model a command was given.
enum ModelSource {
  case checkpoint(Checkpoint, name: String)
  case catalogue(ModelEntry)
  /// A configuration on disk, with or without weights beside it, which are not read.
  case shape(config: JSONValue, path: String, name: String)

  /// - Parameter needsWeights: Whether a model on disk is opened with its weights, or its shape is enough.
  /// - Throws: `Failure` with status 66 where nothing has this name.
  init(_ name: String, needsWeights: Bool = true) throws {
    if access(name, F_OK) == 0 {
      let trimmed = name.hasSuffix("/") ? String(name.dropLast()) : name
      let last = trimmed.split(separator: "/").last.map(String.init) ?? trimmed
      self =
        needsWeights
        ? .checkpoint(try Checkpoint(path: name), name: last)
        : .shape(config: try Checkpoint.configuration(path: name), path: name, name: last)
    } else if name.contains("/") || name.hasSuffix(".gguf") {
      throw Failure(.noInput, "\(name.escapedForMessage()): no such file or directory")
    } else {
      do {
        self = .catalogue(try Catalogue.builtIn.model(named: name))
      } catch let error as UnknownModel {
        let near =
          error.nearest.isEmpty ? "" : "; did you mean \(error.nearest.joined(separator: ", "))?"
        throw Failure(
          .noInput,
          "\(name.escapedForMessage()): no such file, and no model of the catalogue\(near)")
      }
    }
  }

  /// Adds the model's path to what the engine says of a tensor or a field: it does not know where they came from.
  @discardableResult
  func naming<T>(_ body: () throws -> T) throws -> T {
    switch self {
    case .checkpoint(let checkpoint, _): try Self.naming(checkpoint, body)
    case .shape(_, let path, _):
      try Self.translating(body) { CheckpointError($0, file: path) }
    case .catalogue: try body()
    }
  }

  /// As ``naming(_:)``, for an open checkpoint.
  @discardableResult
  static func naming<T>(_ checkpoint: Checkpoint, _ body: () throws -> T) throws -> T {
    try translating(body, checkpoint.refusal)
  }

  private static func translating<T>(
    _ body: () throws -> T, _ translate: (EngineError) -> CheckpointError?
  ) throws -> T {
    do {
      return try body()
    } catch let error as EngineError {
      if let refusal = translate(error) { throw refusal }
      throw error
    }
  }

  /// Refuses results of files that were written to or cut meanwhile.
  func checkUnchanged() throws {
    if case .checkpoint(let checkpoint, _) = self { try checkpoint.checkUnchanged() }
  }

  func description() throws -> ModelDescription {
    switch self {
    case .checkpoint(let checkpoint, _):
      try Self.naming(checkpoint) { try Architectures.describe(checkpoint) }
    case .catalogue(let entry): try Architectures.describe(entry.config)
    case .shape(let config, let path, _):
      try Self.translating({ try Architectures.describe(config) }) {
        CheckpointError($0, file: path)
      }
    }
  }

  var name: String {
    switch self {
    case .checkpoint(_, let name): name
    case .catalogue(let entry): entry.name
    case .shape(_, _, let name): name
    }
  }

  /// What its synthetic weights are stored in where nothing else is asked for.
  var defaultFormat: WeightFormat {
    if case .catalogue(let entry) = self { entry.defaultFormat } else { .q8_0 }
  }

  /// The catalogue's name for it, where prices can be looked up by one.
  var catalogueName: String? {
    if case .catalogue(let entry) = self { entry.name } else { nil }
  }
}
