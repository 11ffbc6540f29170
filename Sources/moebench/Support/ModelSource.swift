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

  var configuration: JSONValue {
    switch self {
    case .checkpoint(let checkpoint, _): checkpoint.config
    case .catalogue(let entry): entry.config
    }
  }

  func description() throws -> ModelDescription {
    switch self {
    case .checkpoint(let checkpoint, _): try Architectures.describe(checkpoint)
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
