// Runs the built program as a user does, away from all that is the user's.

import Foundation

public struct ProgramResult: Sendable {
  public let status: Int32
  public let output: String
  public let error: String
  /// Whether a signal ended it, as `error` then says too.
  public let wasKilled: Bool
}

public enum Program {
  /// The executable beside the test bundle.
  public static var url: URL {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    while !FileManager.default.isExecutableFile(
      atPath: folder.appendingPathComponent("moebench").path),
      folder.path != "/"
    {
      folder.deleteLastPathComponent()
    }
    return folder.appendingPathComponent("moebench")
  }

  /// Of this process's tests alone, and gone at its end.
  private static let folder: URL = {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("moebench-tests-\(UUID().uuidString)")
    atexit { try? FileManager.default.removeItem(at: Program.folder) }
    return url
  }()

  public static let history = folder.appendingPathComponent("history.sqlite").path

  /// This process's variables without keys of servers, and with a history, calibrations, price tables and kept limits
  /// of the tests' own: nothing of the user's is read or written.
  public static var environment: [String: String] {
    ProcessInfo.processInfo.environment.filter { !$0.key.hasSuffix("_API_KEY") }
      .merging([
        "MOEBENCH_HISTORY": history, "XDG_DATA_HOME": folder.appendingPathComponent("data").path,
        "XDG_CACHE_HOME": folder.appendingPathComponent("cache").path,
      ]) { $1 }
  }

  /// Runs the program to its end and kills it after `seconds`. Blocks: a suite that calls it runs on `BlockingExecutor`.
  ///
  /// - Parameter environment: Variables that differ from `Program.environment`.
  public static func run(
    _ first: String..., arguments rest: [String] = [], environment: [String: String] = [:],
    killedAfter seconds: Double = 120
  ) throws -> ProgramResult {
    try run(url, arguments: first + rest, environment: environment, killedAfter: seconds)
  }

  /// Runs another program in the same way.
  ///
  /// - Parameter input: The file that is its standard input; nil for none.
  public static func run(
    _ program: URL, arguments: [String], environment: [String: String] = [:], input: URL? = nil,
    killedAfter seconds: Double = 120
  ) throws -> ProgramResult {
    let process = Process()
    process.environment = self.environment.merging(environment) { $1 }
    process.executableURL = program
    process.arguments = arguments
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = try input.map(FileHandle.init(forReadingFrom:)) ?? .nullDevice
    try process.run()
    let identifier = process.processIdentifier
    let watchdog = DispatchWorkItem { kill(identifier, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: watchdog)
    // Standard error is short; standard output is drained first so that the program never waits for us.
    let data = output.fileHandleForReading.readDataToEndOfFile()
    let errorData = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    watchdog.cancel()
    let words = String(decoding: errorData, as: UTF8.self)
    let wasKilled = process.terminationReason == .uncaughtSignal
    return ProgramResult(
      status: process.terminationStatus, output: String(decoding: data, as: UTF8.self),
      error: wasKilled ? words + "ended by signal \(process.terminationStatus)\n" : words,
      wasKilled: wasKilled)
  }
}
