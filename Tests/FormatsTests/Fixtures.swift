// Where the small checkpoints with reference answers lie.

import Foundation

enum Fixtures {
  /// `MOEBENCH_FIXTURES`, else the repository's copy.
  static let folder: String = {
    if let path = ProcessInfo.processInfo.environment["MOEBENCH_FIXTURES"] { return path }
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
    return tests.appendingPathComponent("Fixtures/checkpoints").path
  }()

  /// Names of the checkpoints that exist both as safetensors and as GGUF, sorted.
  static let withGGUF: [String] = names.filter {
    FileManager.default.fileExists(atPath: "\(folder)/\($0)/model-f32.gguf")
  }

  /// Without them tests would pass for want of arguments.
  static let names: [String] = {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    } catch {
      fatalError("\(folder): \(error)")
    }
  }()

  static func safetensors(_ name: String) -> String { "\(folder)/\(name)" }

  static func gguf(_ name: String) -> String { "\(folder)/\(name)/model-f32.gguf" }
}
