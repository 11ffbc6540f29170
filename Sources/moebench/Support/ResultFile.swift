// Reads result documents named on the command line.

import Inference
import Models
import Reports

enum ResultFile {
  /// - Throws: `CheckpointError` (66 no such file, 65 no regular file) or `DataError` (65).
  static func read(_ path: String) throws -> StoredResult {
    try StoredResult(parsing: bytes(path, limit: StoredResult.limits.bytes), file: name(path))
  }

  static func bytes(_ path: String, limit: Int) throws -> [UInt8] {
    try InputFile(path: path).readAll(limit: limit)
  }

  /// The last part of a path, for messages and titles.
  static func name(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// Whether a MODEL argument is rather a result: a file that is neither a checkpoint nor a catalogue name.
  static func isResult(_ argument: String) -> Bool { argument.lowercased().hasSuffix(".json") }
}
