// Why a checkpoint was refused: facts; the one line of wording is in CheckpointError+Description.swift.

/// A checkpoint that cannot be used.
public struct CheckpointError: Error, Equatable, Sendable {
  /// What inside the file the rule is about.
  public enum Place: Equatable, Sendable {
    case file
    case tensor(String)
    case field(String)
  }

  /// The rule that is broken, with the values that break it.
  public enum Rule: Equatable, Sendable {
    // The file system's
    case notFound
    case notARegularFile(String)
    case symbolicLinkLoop
    case system(operation: String, code: Int32)
    case outOfMemory(bytes: Int)
    case changedWhileReading
    case tooLarge(bytes: Int, limit: Int)
    // A folder's
    case noConfiguration
    case noWeights
    case severalWeightFiles(Int)
    case notACheckpoint
    case shardName(String)
    case missingShard(String)
    case tensorNotInShard(String)
    case shardConflict(String)
    // JSON's
    case json(String)
    case wrongKind(found: String, wanted: String)
    case missing
    // A container's
    case tooShort(bytes: Int, needed: Int)
    case headerTooLong(bytes: UInt64, limit: UInt64)
    case headerStart(UInt8)
    case duplicate
    case unknownType(String)
    case shape(String)
    case overflow(String)
    case offsets(String)
    case wrongByteCount(found: Int, shapeNeeds: Int)
    case limit(String, found: UInt64, limit: UInt64)
    case invalid(String)
    /// The engine's own sentence about a field or tensor.
    case engine(String)
  }

  public let file: String
  public let place: Place
  public let rule: Rule
  /// Bytes from the start of the file, where one spot is to blame.
  public let offset: Int?

  public init(_ file: String, _ rule: Rule, at place: Place = .file, offset: Int? = nil) {
    self.file = file
    self.place = place
    self.rule = rule
    self.offset = offset
  }

  /// What the engine says of a field or a tensor, with the file it came from.
  ///
  /// - Returns: nil for errors that are not about the model's files.
  public init?(_ error: EngineError, file: String) {
    switch error {
    case .unsupportedModel, .configuration, .missingTensor, .tensorShape, .tensorType, .nonFinite:
      self.init(file, .engine("\(error)"))
    case .outOfMemory, .contextExceeded, .tokenOutOfRange, .usage, .interrupted:
      return nil
    }
  }

  /// Status of the process (sysexits): 65 bad data, 66 no such input, 71 out of memory, 74 input/output error.
  public var exitStatus: Int32 {
    switch rule {
    case .notFound, .noConfiguration, .noWeights: 66
    case .system, .changedWhileReading: 74
    case .outOfMemory: 71
    default: 65
    }
  }
}
