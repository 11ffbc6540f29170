// Runs the built program as a user does.

import Foundation
import Testing

struct ProgramResult {
  let status: Int32
  let output: String
  let error: String
}

enum Program {
  /// The executable beside the test bundle.
  static var url: URL {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    while !FileManager.default.isExecutableFile(
      atPath: folder.appendingPathComponent("moebench").path),
      folder.path != "/"
    {
      folder.deleteLastPathComponent()
    }
    return folder.appendingPathComponent("moebench")
  }

  /// Of these tests alone; the user's own is never touched.
  static let history =
    FileManager.default.temporaryDirectory
    .appendingPathComponent("moebench-history-\(UUID().uuidString).sqlite").path

  /// Holds neither calibrations nor price tables.
  private static let emptyFolder =
    FileManager.default.temporaryDirectory
    .appendingPathComponent("moebench-data-\(UUID().uuidString)").path

  /// - Parameter environment: Variables that differ from this process's.
  static func run(
    _ first: String..., arguments rest: [String] = [], environment: [String: String] = [:]
  ) throws -> ProgramResult {
    let process = Process()
    process.environment = ProcessInfo.processInfo.environment
      .merging(["MOEBENCH_HISTORY": history, "XDG_DATA_HOME": emptyFolder]) { $1 }.merging(
        environment
      ) { $1 }
    process.executableURL = url
    process.arguments = first + rest
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // Standard error is short; standard output is drained first so that the program never waits for us.
    let data = output.fileHandleForReading.readDataToEndOfFile()
    let errorData = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return ProgramResult(
      status: process.terminationStatus, output: String(decoding: data, as: UTF8.self),
      error: String(decoding: errorData, as: UTF8.self))
  }
}

enum Fixture {
  static let checkpoints = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/checkpoints")

  static func path(_ name: String) -> String { checkpoints.appendingPathComponent(name).path }

  /// A result of another tool.
  static func imports(_ name: String) -> String {
    checkpoints.deletingLastPathComponent().appendingPathComponent("imports/\(name)").path
  }

  /// A copy of a checkpoint that a test may damage.
  static func copy(_ name: String) throws -> URL {
    let target = FileManager.default.temporaryDirectory
      .appendingPathComponent("moebench-\(UUID().uuidString)")
    try FileManager.default.copyItem(at: checkpoints.appendingPathComponent(name), to: target)
    return target
  }
}
