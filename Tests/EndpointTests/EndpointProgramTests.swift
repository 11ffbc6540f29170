// moebench endpoint as a user runs it, against the scripted server.

import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite struct EndpointProgramTests {
  private func endpoint(_ server: ScriptedServer, _ more: String...) async throws -> ProgramResult {
    let arguments =
      ["endpoint", server.url, "--model", "m", "--requests", "3", "--warmup", "0", "-p", "16"]
      + ["-n", "8", "--rental", "1", "-o", "json", "--quiet"] + more
    return try await withTaskExecutorPreference(BlockingExecutor.shared) {
      try Program.run(Program.url, arguments: arguments)
    }
  }

  @Test("a server's run is a valid document with its load, its rate and its price")
  func document() async throws {
    let server = try ScriptedServer { _, _ in Reply.stream(tokens: 8) }
    let result = try await endpoint(server)
    #expect(result.status == 0, "\(result.error)")
    let json = try JSONValue(parsing: result.output)
    let schema = try SchemaValidator(named: "result")
    #expect(schema.violations(of: json) == [])
    #expect(json["model"]?["source"]?.string == "endpoint")
    #expect(json["endpoint"]?["levels"]?[0]?["succeeded"]?.int == 3)
    #expect(json["tests"]?.array?.compactMap { $0["phase"]?.string } == ["prefill", "decode"])
    #expect(json["cost"]?["usd_per_million_output"]?["value"]?.double ?? 0 > 0)
    #expect(server.heads.withLock { $0.count } == 3)
  }

  @Test("a key that is refused is status 77, and stands in no line")
  func refused() async throws {
    let server = try ScriptedServer { _, _ in Reply.plain("401 No", "{}") }
    let folder = try ScratchFolder()
    let key = try folder.file("key", "sk-secret-1")
    let result = try await endpoint(server, "--api-key-file", key)
    #expect(result.status == 77, "\(result.error)")
    #expect(result.output.isEmpty && result.error.split(separator: "\n").count == 1)
    #expect(!result.error.contains("sk-secret-1"))
    #expect(server.heads.withLock { $0.contains { $0.contains("Bearer sk-secret-1") } })
  }
}
