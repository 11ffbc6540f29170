// Routing traces: what a checkpoint's routers chose, written, replayed on synthetic weights, and refused where damaged.

import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized, .runsPrograms) struct RoutingTests {
  private let quick = ["-p", "8", "-n", "4", "-r", "1", "--warmup", "0", "-t", "1", "-o", "json"]

  private func run(_ arguments: [String]) throws -> JSONValue {
    let result = try Program.run("run", arguments: arguments + quick)
    #expect(result.status == 0, "\(result.error)")
    return try JSONValue(parsing: result.output)
  }

  @Test("a recorded trace is valid and replays the load it recorded on synthetic weights")
  func replay() throws {
    let folder = try ScratchFolder()
    let trace = folder.path(of: "trace.json")
    _ = try run([Fixture.path("olmoe"), "--record-routing", trace])
    let json = try JSONValue(parsing: [UInt8](Data(contentsOf: URL(filePath: trace))))
    let schema = try SchemaValidator(named: "routing")
    #expect(schema.violations(of: json) == [])
    let layers = try #require(json["layers"]?.array)
    let tokens = try #require(json["tokens"]?.int)
    #expect(layers.count == 2 && tokens >= 8)
    let replayed = try run([
      Fixture.path("olmoe"), "--synthetic", "--routing", "trace:\(trace)",
    ])
    #expect(replayed["model"]?["source"]?.string == "synthetic")
    // A prompt of 8 tokens: the first 8 rows of every layer.
    var load = [Int](repeating: 0, count: 8)
    for layer in layers {
      for row in try #require(layer["choices"]?.array).prefix(8) {
        for expert in row.array ?? [] { load[expert.int ?? 0] += 1 }
      }
    }
    let found = replayed["tests"]?[0]?["experts"]?["load"]?.array?.compactMap(\.int)
    #expect(found == load)
  }

  @Test("a trace of another shape is refused")
  func otherShape() throws {
    let folder = try ScratchFolder()
    let trace = folder.path(of: "trace.json")
    _ = try run([Fixture.path("olmoe"), "--record-routing", trace])
    let result = try Program.run(
      "run", "granite-3.1-1b-a400m", "--layers", "1", "--routing", "trace:\(trace)",
      arguments: quick)
    #expect(result.status == 65)
    #expect(result.error.contains("layers[0]"))
  }

  @Test(
    "a damaged trace is refused with its field and the rule",
    arguments: [
      ("", "expected"), ("[]", "object"), (#"{"schema": "moebench.routing/2"}"#, "schema"),
      (#"{"schema": "moebench.routing/1", "model": 1}"#, "model"),
      (body("-1", "[]"), "tokens"), (body("1", "[]"), "layers"), (body("1", "{}"), "layers"),
      (body("1", #"[{"layer": 0, "experts": 0}]"#), "layers[0].experts"),
      (body("1", #"[{"layer": 0, "experts": 4, "experts_per_token": 5}]"#), "experts_per_token"),
      (body("2", layer("[[0, 1]]")), "layers[0].choices"),
      (body("1", layer("[[0]]")), "layers[0].choices[0]"),
      (body("1", layer("[[0, 4]]")), "layers[0].choices[0]"),
      (body("1", layer("[[-1, 0]]")), "layers[0].choices[0]"),
      (body("1", layer("[[1, 1]]")), "twice"),
      (body("1e99", layer("[[0, 1]]")), "tokens"),
    ])
  func damaged(_ text: String, _ named: String) throws {
    let folder = try ScratchFolder()
    let trace = try folder.file("trace.json", text)
    let result = try Program.run(
      "run", Fixture.path("olmoe"), "--synthetic", "--routing", "trace:\(trace)")
    #expect(result.status == 65, "\(result.error)")
    #expect(result.output.isEmpty)
    if !text.isEmpty { #expect(result.error.contains(named), "\(result.error)") }
  }

  private static func body(_ tokens: String, _ layers: String) -> String {
    #"{"schema": "moebench.routing/1", "model": "m", "tokens_from": "t", "tokens": \#(tokens), "layers": \#(layers)}"#
  }

  private static func layer(_ choices: String) -> String {
    #"[{"layer": 0, "experts": 4, "experts_per_token": 2, "choices": \#(choices)}]"#
  }
}

@Suite(.serialized, .runsPrograms) struct ShapeTests {
  private let quick = ["-p", "8", "-n", "4", "-r", "1", "--warmup", "0", "-t", "1", "-o", "json"]

  @Test("a config.json without weights runs as its shape with --synthetic, and not without")
  func configuration() throws {
    let folder = try ScratchFolder()
    try FileManager.default.copyItem(
      atPath: CheckpointFixtures.path("qwen3_moe", "config.json"),
      toPath: folder.path(of: "config.json"))
    let refused = try Program.run("run", folder.path, arguments: quick)
    #expect(refused.status == 66, "\(refused.error)")
    let result = try Program.run("run", folder.path, "--synthetic", arguments: quick)
    #expect(result.status == 0, "\(result.error)")
    let json = try JSONValue(parsing: result.output)
    #expect(json["model"]?["source"]?.string == "synthetic")
    #expect(json["model"]?["weight_format"]?.string == "q8_0")
  }

  @Test("the header of a GGUF file is enough for its shape, and the shape is the whole file's")
  func header() throws {
    let whole = CheckpointFixtures.path("olmoe", "model-f32.gguf")
    let data = try Data(contentsOf: URL(filePath: whole))
    let folder = try ScratchFolder()
    // Weights are most of the file; its last half is certainly nothing else.
    let file = try folder.file("half.gguf", bytes: data.prefix(data.count / 2))
    let refused = try Program.run("run", file, arguments: quick)
    #expect(refused.status == 65)
    let result = try Program.run("run", file, "--synthetic", arguments: quick)
    #expect(result.status == 0, "\(result.error)")
    let json = try JSONValue(parsing: result.output)
    let full = try Program.run("run", whole, arguments: quick)
    let expected = try JSONValue(parsing: full.output)
    #expect(json["model"]?["parameters"]?["total"] == expected["model"]?["parameters"]?["total"])
  }
}
