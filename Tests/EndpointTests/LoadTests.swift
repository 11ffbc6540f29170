// Whole runs against the scripted server: levels of load, the document, its price.

import Analysis
import CostModel
import Endpoint
import Measurement
import Models
import Reports
import StrictJSON
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct LoadTests {
  private func run(
    _ server: ScriptedServer, _ plan: LoadPlan, tokens: Int = 8, patience: Double = 10
  ) async throws -> LoadOutcome {
    var settings = EndpointSettings(address: try EndpointAddress(server.url), model: "m")
    settings.timeouts.idle = patience
    settings.timeouts.firstToken = patience
    let client = EndpointClient(settings)
    let generator = LoadGenerator(
      client, plan: plan,
      prompts: PromptMaker(
        text: Array("a few words ".utf8), promptTokens: 8...8, outputTokens: tokens...tokens,
        seed: 1),
      observers: .init(levelEnds: { level, seconds in
        level.energy = EnergySample(
          source: "test", provenance: .measured, joules: 10 * seconds, low: 9 * seconds,
          high: 11 * seconds)
        level.energySeconds = seconds
      }))
    let result: Result<LoadOutcome, any Error>
    do { result = .success(try await generator.run()) } catch { result = .failure(error) }
    await client.shutdown()
    return try result.get()
  }

  private func report(_ outcome: LoadOutcome, requests: Int) throws -> EndpointReport {
    var report = EndpointReport(
      tool: .init(version: "0", commit: "0"), startedAt: "2026-01-01T00:00:00Z",
      status: .complete, environment: .current(),
      service: .init(
        url: "http://x/v1", api: "chat", isStreaming: true, model: "m", isLocal: true, nodes: 2,
        hasKey: false, timeouts: [("connect", 10)], retries: 3, ignoresEndOfText: false),
      load: .init(
        requestsPerLevel: requests, promptTokens: 8...8, outputTokens: 8...8, promptsFrom: "test",
        coolsDown: true, seed: 1), levels: outcome.levels, plannedLevels: outcome.levels.count,
      objective: try ServiceObjective(flag: "ttft:5s"),
      account: EnergyAccount(
        source: "test", provenance: .measured, covers: "all", basis: nil, passedOver: [], idle: nil),
      energyNote: "test")
    var settings = CostSettings()
    settings.rentalUsdPerHour = 2
    let basis = try CostBasis(
      settings, processors: nil, isVirtual: false, idleWatts: .exactly(1), fullWatts: nil,
      energySource: nil, tables: SiteTables.builtIn)
    report.cost = try RunCost(
      report.tests.map { try $0.measurement() }, basis: basis, mix: settings.mix)
    report.warnings = report.requestWarnings
    return report
  }

  private func checkDocument(_ report: EndpointReport) throws {
    let schema = try SchemaValidator(named: "result")
    #expect(schema.violations(of: report.json) == [])
    #expect(report.text().split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test("a sweep's document is valid, is read back and is priced")
  func sweep() async throws {
    let server = try ScriptedServer { _, _ in Reply.stream(tokens: 8) }
    var plan = LoadPlan(levels: [.concurrent(1), .concurrent(3)], requests: 4)
    plan.repeatsPrompts = true
    let outcome = try await run(server, plan)
    #expect(outcome.levels.map(\.succeeded.count) == [4, 4, 4, 4])
    #expect(outcome.levels.allSatisfy { $0.requests.count >= 4 })
    let report = try report(outcome, requests: 4)
    try checkDocument(report)
    #expect(report.tests.map(\.label) == ["pp8 c1", "tg8 c1", "pp8 c3", "tg8 c3"])
    #expect(report.cost?.output != nil)
    let stored = try StoredResult(parsing: Array(report.json.text().utf8), file: "x")
    #expect(stored.tests.count == 4)
    let again = try stored.cost(CostSettings(), tables: SiteTables.builtIn)
    #expect(again.output != nil)
    #expect(report.rows.csv.split(separator: "\n").count == 5)
  }

  @Test("failures stand in the document with their reason and in no latency")
  func failures() async throws {
    let server = try ScriptedServer { number, _ in
      number % 3 == 1
        ? [.send(Reply.streamHead), .wait(0.02), .close] : Reply.stream(tokens: 8, gap: 0.002)
    }
    var plan = LoadPlan(levels: [.concurrent(1)], requests: 6)
    plan.warmUp = 0
    let outcome = try await run(server, plan)
    let level = try #require(outcome.levels.first)
    #expect(level.succeeded.count == 4)
    #expect(level.failed.count == 2)
    #expect(level.endToEnd.count == 4)
    #expect(!level.isValid)
    let report = try report(outcome, requests: 6)
    try checkDocument(report)
    #expect(report.warnings.contains { $0.code == "too_many_failures" })
  }

  @Test("nothing measurable is a valid document without a rate")
  func nothing() async throws {
    let server = try ScriptedServer { _, _ in
      [.send(Reply.streamHead), Reply.chunk(Reply.finish + Reply.usage(0) + Reply.done), Reply.end]
    }
    let outcome = try await run(server, LoadPlan(levels: [.concurrent(1)], requests: 2))
    let report = try report(outcome, requests: 2)
    try checkDocument(report)
    #expect(outcome.levels[0].outputTokensPerSecond == nil)
    #expect(report.cost?.output == nil)
    _ = try StoredResult(parsing: Array(report.json.text().utf8), file: "x")
  }

  @Test("arrivals do not wait for replies")
  func openLoop() async throws {
    let server = try ScriptedServer { _, _ in Reply.stream(tokens: 8, first: 0.2) }
    var plan = LoadPlan(levels: [.constant(perSecond: 50)], requests: 8)
    plan.warmUp = 0
    let outcome = try await run(server, plan)
    let level = try #require(outcome.levels.first)
    #expect(level.succeeded.count == 8)
    // No time is asserted: on a busy machine all that holds is that requests overlap.
    let replies = level.measured.sorted { $0.sentAt < $1.sentAt }
    #expect(zip(replies, replies.dropFirst()).contains { $1.sentAt < $0.sentAt + $0.end })
    try checkDocument(try report(outcome, requests: 8))
  }

  @Test("a server that never answers ends the run at the first timeout")
  func silent() async throws {
    let server = try ScriptedServer { _, _ in [] }
    let outcome = try await run(
      server, LoadPlan(levels: [.concurrent(1), .concurrent(2)], requests: 50), patience: 0.5)
    #expect(outcome.stopped?.contains("no token within") == true)
    #expect(outcome.levels.count == 1)
    #expect(outcome.levels[0].requests.count == 1)
    try checkDocument(try report(outcome, requests: 50))
  }
}
