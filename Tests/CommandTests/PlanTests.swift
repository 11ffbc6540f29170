// Plans: a result's own plan repeats its run, the command line wins over it, and nonsense is named.

import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized, .runsPrograms) struct PlanTests: ~Copyable {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func file(_ text: String) throws -> String {
    try folder.file("\(UUID().uuidString).json", text)
  }

  private func document(_ arguments: [String]) throws -> JSONValue {
    let result = try Program.run("run", arguments: arguments + ["-o", "json", "--no-history"])
    #expect(result.status == 0, "\(result.error)")
    return try JSONValue(parsing: result.output)
  }

  @Test("a result embeds the plan that repeats it, and options given beside a plan win")
  func repeats() throws {
    let first = try document([
      Fixture.path("olmoe"), "-p", "4,8", "-n", "4", "-r", "2", "-t", "1", "--warmup", "0",
      "--seed", "7", "--rental", "0.5",
    ])
    let plan = try #require(first["plan"])
    let schema = try SchemaValidator(named: "plan")
    #expect(schema.violations(of: plan) == [])
    let again = try document(["--plan", try file(first.text())])
    #expect(again["plan"] == plan)
    #expect(again["tests"]?.array?.count == 3)
    let fewer = try document(["--plan=" + (try file(plan.text())), "-p", "0", "-r", "1"])
    #expect(fewer["tests"]?.array?.compactMap { $0["label"]?.string } == ["tg4"])
    #expect(fewer["tests"]?[0]?["samples"]?.array?.count == 1)
  }

  @Test("what a run was given stands in its plan: several price tables, the record of its routing")
  func wholePlan() throws {
    let trace = try file("")
    let prices = try (1...2).map { _ in
      try file(try RepositoryFile.json("Models/prices/list.json").text())
    }
    let first = try document([
      Fixture.path("olmoe"), "-p", "0", "-n", "4", "-r", "1", "-t", "1", "--warmup", "0", "--kv",
      "f32", "--prices", prices[0], "--prices", prices[1], "--record-routing", trace,
    ])
    let plan = try #require(first["plan"])
    #expect(plan["prices"]?.array?.compactMap(\.string) == prices)
    #expect(plan["record_routing"]?.string == trace)
    #expect(plan["kv"]?.string == "f32")
    try "".write(toFile: trace, atomically: true, encoding: .utf8)
    let again = try document(["--plan", try file(plan.text()), "--record-routing", trace])
    #expect(again["plan"] == plan)
    #expect(try !String(contentsOfFile: trace, encoding: .utf8).isEmpty)
  }

  @Test(
    "someone's plan runs no program, asks no machine and writes no file unless told so here too",
    arguments: [
      ("meter", "command:touch MARK"), ("meter", "redfish:http://127.0.0.1:9/"),
      ("meter", "shelly:127.0.0.1"), ("llama_bench", "MARK"), ("record_routing", "MARK"),
      ("model", "--record-routing=MARK"), ("model", "--help"),
    ])
  func reach(member: String, value: String) throws {
    let mark = folder.path + "/mark-\(UUID().uuidString)"
    let plan: JSONValue = [
      "schema": "moebench.plan/1", "model": .string(Fixture.path("olmoe")), "prompt_tokens": [4],
      "gen_tokens": [0], "repetitions": 1, "threads": [1],
    ]
    var object = try #require(plan.object)
    object[member] = .string(value.replacing("MARK", with: mark))
    let path = try file(JSONValue.object(object).text())
    let result = try Program.run("run", "--plan", path, "--no-history")
    #expect(result.status == 65 && result.output.isEmpty, "\(result.error)")
    #expect(result.error.contains(member) && result.error.split(separator: "\n").count == 1)
    #expect(!FileManager.default.fileExists(atPath: mark))
    guard member == "meter" else { return }
    let own = try Program.run("run", "--plan", path, "--meter=none", "--no-history")
    #expect(own.status == 0, "\(own.error)")
  }

  @Test("the named plans are valid", arguments: ["quick", "batch", "depth"])
  func suites(_ name: String) throws {
    let schema = try SchemaValidator(named: "plan")
    #expect(schema.violations(of: try RepositoryFile.json("Benchmarks/suites/\(name).json")) == [])
  }

  @Test("every option of a run can stand in a plan, or says where its result goes")
  func options() throws {
    let help = try Program.run("run", "--help").output
    let names = help.matches(of: /(?m)^ +(?:-\w, )?--([a-z-]+)/).map { String($0.1) }
    #expect(names.count > 20)
    let apart: Set = [
      "plan", "output", "output-file", "quiet", "no-history", "help", "version",
    ]
    for name in names where !apart.contains(name) {
      let key = name.replacingOccurrences(of: "-", with: "_")
      let path = try file(#"{"schema": "moebench.plan/1", "\#(key)": ""}"#)
      let result = try Program.run("run", "--plan", path)
      #expect(result.error.contains("must not be empty"), "\(name): \(result.error)")
    }
    for name in apart where names.contains(name) {
      let key = name.replacingOccurrences(of: "-", with: "_")
      let path = try file(#"{"schema": "moebench.plan/1", "\#(key)": "x"}"#)
      #expect(try Program.run("run", "--plan", path).status == 65, "\(name)")
    }
  }

  @Test(
    "nonsense in a plan is named",
    arguments: [
      ("{}", "schema"), (#"{"schema": "moebench.plan/2"}"#, "schema"), ("[", "JSON"),
      (#"{"schema": "moebench.plan/1", "output": "x"}"#, "output"),
      (#"{"schema": "moebench.plan/1", "prompt_tokens": [1.5]}"#, "prompt_tokens"),
      (#"{"schema": "moebench.plan/1", "prompt_tokens": true}"#, "prompt_tokens"),
      (#"{"schema": "moebench.plan/1", "meter": ["a", "b"]}"#, "meter"),
      (#"{"schema": "moebench.plan/1", "prices": ["a", ""]}"#, "prices"),
      (#"{"schema": "moebench.result/1"}"#, "plan"),
    ])
  func nonsense(text: String, place: String) throws {
    let result = try Program.run("run", "--plan", try file(text))
    #expect(result.status == 65 && result.output.isEmpty)
    #expect(result.error.contains(place), "\(result.error)")
  }
}
