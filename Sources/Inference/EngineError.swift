// Why the engine refused: facts; the sentences are made in one place.

/// A refusal of the engine that is not a fault of a checkpoint's container.
public enum EngineError: Error, Equatable {
  case outOfMemory(bytes: Int, purpose: String)
  case unsupportedModel(String)
  /// A field of a configuration is missing, of the wrong type, or out of its limits.
  case configuration(field: String, rule: String)
  case missingTensor(name: String)
  case tensorShape(name: String, found: [Int], expected: [Int])
  case tensorType(name: String, found: String, rule: String)
  case nonFinite(place: String)
  case contextExceeded(position: Int, capacity: Int)
  case tokenOutOfRange(token: Int, vocabulary: Int)
  case usage(String)
  /// The user asked to stop.
  case interrupted
}

extension EngineError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .outOfMemory(let bytes, let purpose):
      "not enough memory: \(bytes) bytes for \(purpose)"
    case .unsupportedModel(let what):
      what
    case .configuration(let field, let rule):
      "config.json: \"\(field)\": \(rule)"
    case .missingTensor(let name):
      "tensor \"\(name)\" is missing"
    case .tensorShape(let name, let found, let expected):
      "tensor \"\(name)\": shape \(found) where the configuration needs \(expected)"
    case .tensorType(let name, let found, let rule):
      "tensor \"\(name)\": type \(found): \(rule)"
    case .nonFinite(let place):
      "non-finite values at \(place)"
    case .contextExceeded(let position, let capacity):
      "position \(position) is past the cache's \(capacity) positions"
    case .tokenOutOfRange(let token, let vocabulary):
      "token \(token) is not in the vocabulary of \(vocabulary)"
    case .usage(let rule):
      rule
    case .interrupted:
      "interrupted"
    }
  }
}
