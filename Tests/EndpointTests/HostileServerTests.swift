// The program against the modes of a hostile mock server, where one lies beside the repository.

import Foundation
import Testing

@Suite(.serialized) struct HostileServerTests {
  private static let top = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static let mock = top.deletingLastPathComponent()
    .appending(path: "shared/reliability/mock_endpoint.py")

  /// A mode of each kind; MOEBENCH_ALL_MODES=1 tries every one.
  private static let some = [
    "nousage", "usage_lie", "usage_huge", "reasoning", "multiline_data", "utf8split", "drop",
    "stall", "endless_headers", "huge_line", "err_html", "zero", "instant", "429_once", "401",
    "redirect_other", "length_short", "gzip_bomb", "models_bad",
  ]

  private static var isThere: Bool { FileManager.default.fileExists(atPath: mock.path) }

  private static var program: String {
    var folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    while !FileManager.default.isExecutableFile(atPath: folder.appending(path: "moebench").path),
      folder.path != "/"
    { folder.deleteLastPathComponent() }
    return folder.appending(path: "moebench").path
  }

  @Test("every mode is met as its line says", .enabled(if: isThere))
  func modes() throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    let all = ProcessInfo.processInfo.environment["MOEBENCH_ALL_MODES"] == "1"
    process.arguments =
      [
        "python3", Self.top.appending(path: "Tests/EndpointModes/all_modes.py").path,
        Self.program, Self.mock.path,
      ] + (all ? [] : Self.some)
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(text)")
  }
}
