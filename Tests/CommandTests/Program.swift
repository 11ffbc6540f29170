// What the tests of the program share: checkpoints, and threads to wait for it on.

import Foundation
import TestSupport
import Testing

typealias Program = TestSupport.Program
typealias ProgramResult = TestSupport.ProgramResult

enum Fixture {
  static func path(_ name: String) -> String { CheckpointFixtures.path(name) }

  /// A result of another tool.
  static func imports(_ name: String) -> String {
    RepositoryFile.url("Tests/Fixtures/imports/\(name)").path
  }
}

/// A copy of a checkpoint that a test may damage.
func checkpointCopy(_ name: String) throws -> ScratchFolder {
  let folder = try ScratchFolder()
  for file in try FileManager.default.contentsOfDirectory(atPath: Fixture.path(name)) {
    try FileManager.default.copyItem(
      atPath: CheckpointFixtures.path(name, file), toPath: folder.path(of: file))
  }
  return folder
}

/// Ends a test that finds only while it runs that there is nothing to check; to be returned at once.
func skip(_ reason: Comment) throws {
  #if compiler(>=6.3)
    try Test.cancel(reason)
  #else
    print("skipped: \(reason)")
  #endif
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
