// --engine llama-bench, with scripts in its place: what it prints is believed only where it is what was asked for.

import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized, .runsPrograms) struct PeerTests: ~Copyable {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// A shell script that stands in for llama-bench.
  private func script(_ body: String) throws -> String {
    let file = try folder.file("llama-bench", "#!/bin/sh\n\(body)\n")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
    return file
  }

  private func run(_ program: String, _ more: String...) throws -> ProgramResult {
    try Program.run(
      "run", Fixture.path("olmoe/model-f32.gguf"),
      arguments: [
        "--engine", "llama-bench", "--llama-bench", program, "-p", "0", "-n", "8", "-r", "2", "-t",
        "1", "--warmup", "0", "-o", "json", "--watts", "100", "--no-history",
      ] + more)
  }

  /// 8 tokens in 2 ms, of a process that takes longer than that.
  private let sound =
    #"sleep 0.05; echo '{"n_prompt": 0, "n_gen": 8, "n_threads": 1, "avg_ts": 4000, "samples_ns": [2000000], "samples_ts": [4000], "backends": "CPU", "build_commit": "abc"}'"#

  @Test("each repetition of llama-bench is a sample, with a ratio, an energy and a cost")
  func sideBySide() throws {
    let result = try run(try script(sound))
    #expect(result.status == 0, "\(result.error)")
    let json = try JSONValue(parsing: result.output)
    let schema = try SchemaValidator(named: "result")
    #expect(schema.violations(of: json) == [])
    let peer = try #require(json["peer"])
    let test = try #require(peer["tests"]?[0])
    #expect(test["samples"]?.array?.count == 2)
    #expect(test["tokens_per_second"]?["median"]?.double == 4000)
    #expect(test["builtin_over_peer"]?["value"]?.double != nil)
    // 100 W for 2 ms over 8 tokens; nobody measured them.
    #expect(test["energy"]?["joules_per_token"]?.isNull == true)
    #expect(test["samples"]?[0]?["joules"]?.isNull == true)
    let joules = try #require(test["energy"]?["estimated"]?["joules_per_token"]?.double)
    #expect(abs(joules - 0.025) < 1e-9)
    #expect(test["energy"]?["provenance"]?.string == "given")
    #expect(peer["cost"]?["usd_per_million_output"]?["value"]?.double != nil)
    #expect(peer["version"]?.string == "abc")
  }

  @Test("the table of both engines has room for the energy beside the ratio")
  func table() throws {
    let result = try run(try script(sound), "-o", "table")
    #expect(result.status == 0, "\(result.error)")
    let lines = result.output.split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 80 })
    let head = try #require(lines.first { $0.hasPrefix("llama-bench  ") })
    #expect(head.hasSuffix("J/token"))
  }

  @Test(
    "a llama-bench that is none costs no measurement: the result says so, then its status and one line",
    arguments: [
      ("echo hello", 65), ("exit 3", 69), ("echo wrong >&2; exit 1", 69), ("kill -9 $$", 69),
      (#"echo '{"n_prompt": 0, "n_gen": 9, "avg_ts": 4}'"#, 65),
      (#"echo '{"n_prompt": 0, "n_gen": 8, "avg_ts": 4, "n_threads": 7}'"#, 65),
      (#"echo '{"n_prompt": 0, "n_gen": 8, "avg_ts": -4}'"#, 65),
      (#"echo '{"n_prompt": 0, "n_gen": 8, "avg_ts": NaN}'"#, 65),
      // Two hundred seconds within one.
      (#"echo '{"n_prompt": 0, "n_gen": 8, "n_threads": 1, "avg_ts": 0.04}'"#, 65),
      ("yes", 65), ("true", 65), ("sleep 30", 69),
    ] as [(String, Int32)])
  func hostile(body: String, status: Int32) throws {
    // Whatever else takes long on a busy machine is not what is tested.
    let timeout = body.hasPrefix("sleep") ? "1.5" : "60"
    let result = try run(try script(body), "--llama-bench-timeout", timeout)
    #expect(result.status == status, "\(body): \(result.error)")
    let json = try JSONValue(parsing: result.output)
    #expect(json["tests"]?[0]?["samples"]?.array?.count == 2)
    #expect(json["warnings"]?.array?.contains { $0["code"]?.string == "peer_failed" } == true)
    #expect(result.error.split(separator: "\n").count == 1)
  }

  @Test("a program that is not there is found missing before anything is measured")
  func missing() throws {
    #expect(try run("/no/such/llama-bench").status == 66)
    #expect(try run(Fixture.path("olmoe/config.json")).status == 69)
    let other = try Program.run(
      "run", Fixture.path("olmoe"), "--engine", "llama-bench", "--llama-bench", "/bin/true")
    #expect(other.status == 64)
  }
}
