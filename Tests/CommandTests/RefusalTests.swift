// Bad input: one line on standard error that names the place, nothing on standard output, the status of CONTRACT.

import Foundation
import Testing

@Suite(.runsPrograms) struct RefusalTests {
  private func expectRefusal(
    _ result: ProgramResult, status: Int32, naming words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(result.status == status, "\(result.error)", sourceLocation: sourceLocation)
    #expect(result.output.isEmpty, sourceLocation: sourceLocation)
    let lines = result.error.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 2 && lines[1].isEmpty, "\(result.error)", sourceLocation: sourceLocation)
    #expect(result.error.utf8.count <= 300, sourceLocation: sourceLocation)
    for word in words {
      #expect(result.error.contains(word), "\(result.error)", sourceLocation: sourceLocation)
    }
  }

  @Test("a model that is neither a file nor in the catalogue is refused with its nearest names")
  func unknownModel() throws {
    expectRefusal(
      try Program.run("run", "granite-3.1-1b-a400n"), status: 66, naming: "granite-3.1-1b-a400m")
  }

  @Test("a missing folder is refused with status 66")
  func missingFolder() throws {
    expectRefusal(try Program.run("run", "no/such/folder"), status: 66, naming: "no/such/folder")
  }

  @Test(
    "impossible flags are refused with status 64 and named",
    arguments: [
      (["-p", "0", "-n", "0"], "--prompt-tokens, --gen-tokens"), (["-p", "x"], "--prompt-tokens"),
      (["-r", "0"], "--repetitions"), (["-t", "0"], "--threads"),
      (["--warmup", "often"], "--warmup often"), (["--weights", "q9_9"], "q9_9"),
      (["--routing", "zipf:-1"], "zipf:-1"), (["--watts=-5"], "--watts"),
      (["--utilisation", "2"], "utilisation"), (["--pue", "0.5"], "pue"),
      (["--isa", "sse9"], "sse9"), (["--meter", "sundial"], "sundial"),
      (["--no-such-flag"], "--no-such-flag"),
    ])
  func flags(_ arguments: [String], _ word: String) throws {
    let process = try Program.run(
      "run", Fixture.path("olmoe"), "-p", "4", "-n", "2", "-r", "1", arguments: arguments)
    expectRefusal(process, status: 64, naming: word)
  }

  @Test(
    "a cost that cannot be is refused before a model is loaded",
    arguments: [["--utilisation", "30"], ["--pue", "0.5"], ["--staff-hours", "3"]])
  func lateCosts(_ arguments: [String]) throws {
    // No such slice: whoever loads first complains of that.
    let late = ["--layers", "99"] + arguments
    let run = try Program.run("run", Fixture.path("olmoe"), "--synthetic", arguments: late)
    expectRefusal(run, status: 64)
    #expect(!run.error.contains("99"), "\(run.error)")
    let decide = try Program.run(
      "decide", Fixture.path("olmoe"), "--traffic", "1M/day", arguments: late)
    expectRefusal(decide, status: 64)
    #expect(!decide.error.contains("99"), "\(decide.error)")
    // Nobody listens there.
    expectRefusal(
      try Program.run("endpoint", "http://127.0.0.1:1/v1", arguments: arguments), status: 64)
  }

  @Test("a cascade's unknown name is refused before anything is measured")
  func lateCascade() throws {
    expectRefusal(
      try Program.run(
        "decide", Fixture.path("olmoe"), "--traffic", "1M/day", "--layers", "99", "--cascade",
        "no-such-model:0.5"), status: 64, naming: "no-such-model")
  }

  @Test("a configuration that is no JSON is refused with the byte where it fails")
  func brokenConfiguration() throws {
    let folder = try checkpointCopy("olmoe")
    try folder.file("config.json", "{\"model_type\": \"olmoe\",")
    expectRefusal(try Program.run("run", folder.path), status: 65, naming: "config.json")
  }

  @Test(
    "a field of the configuration that cannot be is refused by name",
    arguments: [
      ("\"num_experts\": 8", "\"num_experts\": -8", "num_experts"),
      ("\"num_experts_per_tok\": 2", "\"num_experts_per_tok\": 9", "num_experts_per_tok"),
      ("\"hidden_act\": \"silu\"", "\"hidden_act\": \"mish\"", "hidden_act"),
      ("\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"spiral\"}", "spiral"),
      ("\"hidden_size\": 32", "\"hidden_size\": 9007199254740993", "hidden_size"),
    ])
  func configuration(_ old: String, _ new: String, _ word: String) throws {
    let folder = try checkpointCopy("olmoe")
    let text = try String(contentsOfFile: folder.path(of: "config.json"), encoding: .utf8)
    let changed = text.replacingOccurrences(of: old, with: new)
    #expect(changed != text, "the fixture has no \(old)")
    try folder.file("config.json", changed)
    expectRefusal(try Program.run("run", folder.path), status: 65, naming: word)
  }

  @Test("a truncated tensor file is refused before anything is measured")
  func truncated() throws {
    let folder = try checkpointCopy("olmoe")
    let file = folder.url.appendingPathComponent("model.safetensors")
    let data = try Data(contentsOf: file)
    try data.prefix(data.count / 2).write(to: file)
    expectRefusal(try Program.run("run", folder.path), status: 65, naming: "model.safetensors")
  }

  @Test("an output file that cannot be created is found before measuring, with status 73")
  func unwritable() throws {
    expectRefusal(
      try Program.run(
        "run", Fixture.path("olmoe"), "-o", "json", "--output-file", "/no/such/folder/out.json"),
      status: 73, naming: "/no/such/folder/out.json")
  }

  @Test("more weights than memory are refused with what they would take")
  func tooLarge() throws {
    expectRefusal(
      // The whole, 2.7 TB: a slice fits in large machines.
      try Program.run(
        "run", "deepseek-v3", "--weights", "f32", "--layers", "61", "-p", "1", "-n", "1"),
      status: 71, naming: "memory")
  }

  @Test(
    "a fault of a tensor or a field names the model it is in", arguments: ["inspect", "logits"])
  func modelIsNamed(_ command: String) throws {
    let folder = try checkpointCopy("olmoe")
    let text = try String(contentsOfFile: folder.path(of: "config.json"), encoding: .utf8)
    try folder.file(
      "config.json",
      text.replacingOccurrences(of: "\"num_experts\": 8", with: "\"num_experts\": 9"))
    let tokens = command == "logits" ? ["--tokens", "1"] : []
    expectRefusal(
      try Program.run(command, folder.path, arguments: tokens), status: 65,
      naming: folder.url.lastPathComponent, "tensor")
  }

  @Test("weights that are not numbers end a run before a result is written")
  func poisonedRun() throws {
    let folder = try checkpointCopy("olmoe")
    let file = folder.url.appendingPathComponent("model.safetensors")
    var data = try Data(contentsOf: file)
    // All bits set is a NaN in every floating-point type.
    data.replaceSubrange(
      (data.count - data.count / 4)..<data.count,
      with: Data(repeating: 0xFF, count: data.count / 4))
    try data.write(to: file)
    let result = folder.path(of: "result.json")
    expectRefusal(
      try Program.run(
        "run", folder.path, "-p", "4", "-n", "2", "-r", "1", "--warmup", "0", "-o", "json",
        "--output-file", result), status: 65, naming: folder.url.lastPathComponent, "non-finite")
    #expect(!FileManager.default.fileExists(atPath: result))
  }

  @Test(
    "tokens and counts that cannot be are refused as usage",
    arguments: [
      ["--tokens", "999999"], ["--tokens=-1"], ["--tokens", "1", "--greedy=9223372036854775807"],
      ["--tokens", "1", "--chunk=0"],
    ])
  func logitsFlags(_ arguments: [String]) throws {
    expectRefusal(
      try Program.run(
        "tokenize", Fixture.path("../tokenizers/olmoe"), "--decode", "99999999"), status: 64,
      naming: "--decode")
    expectRefusal(
      try Program.run("logits", Fixture.path("olmoe"), arguments: arguments), status: 64)
  }
}
