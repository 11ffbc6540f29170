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

  /// - Throws: `Failure` with status 66 where nothing has this name.
  init(_ name: String) throws {
    if access(name, F_OK) == 0 {
      let trimmed = name.hasSuffix("/") ? String(name.dropLast()) : name
      let last = trimmed.split(separator: "/").last.map(String.init) ?? trimmed
      self = .checkpoint(try Checkpoint(path: name), name: last)
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
    guard case .checkpoint(let checkpoint, _) = self else { return try body() }
    return try Self.naming(checkpoint.path, body)
  }

  /// As ``naming(_:)``, for the model at `path`.
  @discardableResult
  static func naming<T>(_ path: String, _ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let error as EngineError {
      switch error {
      case .unsupportedModel, .configuration, .missingTensor, .tensorShape, .tensorType,
        .nonFinite:
        throw Failure(.badData, "\(path.escapedForMessage()): \(error)")
      case .outOfMemory, .contextExceeded, .tokenOutOfRange, .usage, .interrupted:
        throw error
      }
    }
  }

  var configuration: JSONValue {
    switch self {
    case .checkpoint(let checkpoint, _): checkpoint.config
    case .catalogue(let entry): entry.config
    }
  }

  func description() throws -> ModelDescription {
    switch self {
    case .checkpoint(let checkpoint, _):
      try Self.naming(checkpoint.path) { try Architectures.describe(checkpoint) }
    case .catalogue(let entry): try Architectures.describe(entry.config)
    }
  }

  var name: String {
    switch self {
    case .checkpoint(_, let name): name
    case .catalogue(let entry): entry.name
    }
  }

  /// The catalogue's name for it, where prices can be looked up by one.
  var catalogueName: String? {
    if case .catalogue(let entry) = self { entry.name } else { nil }
  }
}
