// The program against the modes of a hostile mock server, where one lies beside the repository.

import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct HostileServerTests {
  private static let mock = RepositoryFile.url("../shared/reliability/mock_endpoint.py")

  /// A mode of each kind; MOEBENCH_ALL_MODES=1 tries every one.
  private static let some = [
    "nousage", "usage_lie", "usage_huge", "reasoning", "multiline_data", "utf8split", "drop",
    "stall", "endless_headers", "huge_line", "err_html", "zero", "instant", "429_once", "401",
    "redirect_other", "length_short", "gzip_bomb", "models_bad",
  ]

  private static var isThere: Bool { FileManager.default.fileExists(atPath: mock.path) }

  @Test(
    "every mode is met as its line says", .enabled(if: isThere, "no mock server lies there"),
    .timeLimit(.minutes(15)))
  func modes() async throws {
    let all = ProcessInfo.processInfo.environment["MOEBENCH_ALL_MODES"] == "1"
    let script = RepositoryFile.url("Tests/EndpointModes/all_modes.py").path
    let arguments =
      ["python3", script, Program.url.path, Self.mock.path] + (all ? [] : Self.some)
    let result = try await withTaskExecutorPreference(BlockingExecutor.shared) {
      try Program.run(URL(filePath: "/usr/bin/env"), arguments: arguments, killedAfter: 840)
    }
    #expect(result.status == 0, "\(result.output)\(result.error)")
  }
}
