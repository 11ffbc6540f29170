// Every table and text for a terminal fits 80 columns.

import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized, .runsPrograms) struct ColumnTests {
  private static let brief = [
    "-p", "16", "-n", "8", "-r", "2", "--warmup", "0", "-t", "1", "--no-history",
  ]

  private func check(
    _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let cache = try ScratchFolder()
    let result = try Program.run(
      arguments[0], arguments: Array(arguments.dropFirst()),
      environment: ["XDG_CACHE_HOME": cache.path])
    #expect(result.status == 0, "\(result.error)", sourceLocation: sourceLocation)
    #expect(!result.output.isEmpty, sourceLocation: sourceLocation)
    let lines = result.output.split(separator: "\n")
    // Commands that the doctor tells are shown whole, to be copied.
    for line in lines where arguments != ["doctor"] || !line.hasPrefix("      ") {
      #expect(line.count <= 80, "\(arguments): \(line)", sourceLocation: sourceLocation)
    }
  }

  @Test(
    "what describes fits 80 columns",
    arguments: [
      ["doctor"], ["machine", "-t", "1", "-r", "1", "--seconds", "0", "--formats", "q8_0"],
      ["models"], ["models", "deepseek-v3"], ["prices"], ["inspect", "deepseek-v3"],
      ["inspect", Fixture.path("olmoe")],
    ])
  func descriptions(_ arguments: [String]) throws { try check(arguments) }

  @Test("estimates of one model, of all and of another machine fit 80 columns")
  func estimates() throws {
    let folder = try ScratchFolder()
    let more = ["--limits", try folder.file("limits.json", bytes: EstimateTests.limits.utf8())]
    try check(["estimate", "qwen3-30b-a3b"] + more)
    try check(["estimate", "--all"] + more)
    try check(["estimate", "--all", "--weights", "q8_0,q4_0"] + more)
    try check(
      ["estimate", "deepseek-v3", "--what-if", "bandwidth=460,cores=96,price=123456"] + more)
  }

  @Test("a run, what follows from it and a sweep fit 80 columns")
  func measurements() throws {
    try check(["run", Fixture.path("olmoe"), "-b", "1,2", "--watts", "100"] + Self.brief)
    for kind in ["top-k", "routing", "format", "dense"] {
      try check(
        ["sweep", kind, Fixture.path("olmoe"), "--watts", "100"] + Self.brief.dropLast())
    }
    let run = try Program.run(
      "run", Fixture.path("olmoe"), "-o", "json", "--watts", "100", arguments: Self.brief)
    let folder = try ScratchFolder()
    let result = try folder.file("result.json", run.output)
    try check(["cost", result])
    try check(["decide", result, "--traffic", "5M/day"])
    try check(["compare", result, result])
  }
}
