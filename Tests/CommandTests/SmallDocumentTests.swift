// Documents of the smaller commands by their schemas: inspect, history, kept limits.

import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite(.runsPrograms) struct SmallDocumentTests {
  private func violations(_ document: JSONValue, _ schema: String) throws -> [String] {
    let schema = try SchemaValidator(named: schema)
    return schema.violations(of: document)
  }

  @Test(
    "what inspect says of folders, files and shapes is valid",
    arguments: [
      (Fixture.path("qwen3_moe_tok"), true), (Fixture.path("olmoe/model-f32.gguf"), true),
      ("deepseek-v3", false),
    ])
  func inspect(_ model: String, _ isStored: Bool) throws {
    let result = try Program.run("inspect", model, "-o", "json")
    #expect(result.status == 0, "\(result.error)")
    let json = try JSONValue(parsing: result.output)
    #expect(try violations(json, "inspect") == [])
    #expect((json["weight_bytes"]?.int != nil) == isStored)
    let parts = try #require(json["parts"]?.object).members
    let sum = parts.compactMap { $0.value["parameters"]?.int }.reduce(0, +)
    #expect(sum == json["parameters"]?["total"]?.int)
  }

  @Test("the list of kept runs is valid")
  func history() throws {
    let folder = try ScratchFolder()
    let place = ["MOEBENCH_HISTORY": folder.path(of: "history.sqlite")]
    let run = try Program.run(
      "run", Fixture.path("olmoe"), "-p", "0", "-n", "4", "-r", "1", "-t", "1", "--warmup", "0",
      environment: place)
    #expect(run.status == 0, "\(run.error)")
    let list = try Program.run("history", "list", "-o", "json", environment: place)
    let json = try JSONValue(parsing: list.output)
    #expect(try violations(json, "history") == [])
    #expect(json["runs"]?[0]?["summary"]?.string?.hasPrefix("tg4 ") == true)
  }

  @Test("the limits kept of a machine are valid, and estimate reads them")
  func limits() throws {
    let folder = try ScratchFolder()
    let measured = try Program.run(
      "machine", "-r", "2", "-t", "1", "--seconds", "0", "--formats", "q8_0", "-o", "json",
      environment: ["XDG_CACHE_HOME": folder.path])
    #expect(measured.status == 0, "\(measured.error)")
    // What would be kept; of a machine as busy as one that runs tests nothing is.
    let ceilings = try #require(JSONValue(parsing: measured.output)["ceilings"])
    let json: JSONValue = ["schema": "moebench.limits/1", "ceilings": ceilings]
    let file = try folder.file("limits.json", json.text())
    #expect(try violations(json, "limits") == [])
    let estimate = try Program.run(
      "estimate", "olmoe-1b-7b", "--weights", "q8_0", "--limits", file, "-o", "json")
    #expect(estimate.status == 0, "\(estimate.error)")
  }
}
