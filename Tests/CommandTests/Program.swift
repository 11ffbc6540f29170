// What the tests of the program share: checkpoints, and threads to wait for it on.

import Foundation
import TestSupport
import Testing

typealias Program = TestSupport.Program
typealias ProgramResult = TestSupport.ProgramResult

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

/// For suites that run the program: they wait on threads of their own, and no test of theirs outlasts five minutes.
struct RunsProgramsTrait: SuiteTrait, TestTrait, TestScoping {
  let isRecursive = true

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTaskExecutorPreference(BlockingExecutor.shared) { try await function() }
  }
}

extension Trait where Self == RunsProgramsTrait {
  static var runsPrograms: Self { Self() }
}
