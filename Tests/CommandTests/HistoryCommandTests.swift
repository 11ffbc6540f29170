// The history as the program keeps it: every run, byte for byte; not being able to is a warning.

import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized, .runsPrograms) struct HistoryCommandTests: ~Copyable {
  private let folder: ScratchFolder
  private var store: String { folder.path(of: "own/history.sqlite") }

  init() throws { folder = try ScratchFolder() }

  private func program(_ arguments: String...) throws -> ProgramResult {
    try Program.run(
      arguments[0], arguments: Array(arguments.dropFirst()),
      environment: ["MOEBENCH_HISTORY": store])
  }

  private func measure(_ more: String...) throws -> ProgramResult {
    try Program.run(
      "run",
      arguments: [
        Fixture.path("olmoe"), "-p", "4", "-n", "4", "-r", "2", "-t", "1", "--warmup", "0", "-o",
        "json",
      ] + more, environment: ["MOEBENCH_HISTORY": store])
  }

  @Test("runs are kept as they were written, listed, compared; --no-history keeps none")
  func keeps() throws {
    #expect(try program("history").status == 66)
    let first = try measure()
    #expect(try measure().status == 0)
    #expect(try measure("--no-history").status == 0)
    let list = try JSONValue(parsing: program("history", "list", "-o", "json").output)
    #expect(list["runs"]?.array?.compactMap { $0["run"]?.int } == [2, 1])
    let kept = try program("history", "export", "1")
    #expect(try JSONValue(parsing: kept.output) == JSONValue(parsing: first.output))
    #expect(try program("history", "show").output.contains("tg4"))
    #expect(try program("history", "compare", "--threshold", "900%").status == 0)
    #expect(try program("history", "check").status == 0)
    #expect(try program("history", "show", "9").status == 66)
    #expect(try program("history", "show", "x").status == 64)
  }

  @Test("imported results are kept as runs are, and compared; --no-history keeps none")
  func imports() throws {
    let file = Fixture.imports("vllm-serve-0.33.0.json")
    let first = try program("import", file, "--rental", "2.5/h", "-o", "json")
    #expect(first.status == 0, "\(first.error)")
    #expect(try program("import", file, "--no-history").status == 0)
    #expect(try program("import", Fixture.imports("llama-bench.json")).status == 0)
    let list = try JSONValue(parsing: program("history", "list", "-o", "json").output)
    let runs = try #require(list["runs"]?.array)
    #expect(runs.compactMap { $0["run"]?.int } == [2, 1])
    #expect(try !program("history", "list").output.contains("--limit"))
    #expect(try program("history", "list", "-n", "1").output.contains("--limit shows more"))
    #expect(runs.allSatisfy { $0["source"]?.string == "imported" })
    #expect(
      try JSONValue(parsing: program("history", "export", "1").output)
        == JSONValue(parsing: first.output))
    #expect(try program("history", "show", "1").output.contains("qwen3-30b-a3b"))
    #expect(try program("history", "compare", "1", "1").status == 0)
    #expect(try program("history", "check").status == 0)
  }

  @Test("a rental says its hour or not, and nothing else")
  func rental() throws {
    let file = Fixture.imports("vllm-serve-0.33.0.json")
    let plain = try program("import", file, "--rental", "2.5", "-o", "json", "--no-history")
    for form in ["2.5/h", "2.5/hour"] {
      let other = try program("import", file, "--rental", form, "-o", "json", "--no-history")
      #expect(other.status == 0 && other.output == plain.output)
    }
    for nonsense in ["2.5/day", "/h", "x", "-1/h", "nan/h"] {
      let refused = try program("import", file, "--rental=\(nonsense)", "--no-history")
      #expect(refused.status == 64 && refused.error.contains("rental"), "\(nonsense)")
    }
  }

  @Test("a store that cannot be used is a warning, and the result is there")
  func unusable() throws {
    let result = try Program.run(
      "run", Fixture.path("olmoe"), "-p", "0", "-n", "4", "-r", "1", "-t", "1", "--warmup", "0",
      "-o", "json", environment: ["MOEBENCH_HISTORY": "/dev/null/history.sqlite"])
    #expect(result.status == 0)
    #expect(result.error.contains("not kept in the history"))
    #expect(try JSONValue(parsing: result.output)["status"]?.string == "complete")
  }

  @Test("the version names commit or reason, and how it was built")
  func version() throws {
    let result = try Program.run("--version")
    let form = #/\(([0-9a-f]{12}(-dirty)?|commit unknown: [^;]+); (release|debug), Swift [0-9.]+,/#
    #expect(result.output.contains(form), "\(result.output)")
  }
}
