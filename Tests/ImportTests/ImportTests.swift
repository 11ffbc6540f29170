// Real files of other tools become results that can be priced; files that contradict themselves do not.

import Analysis
import Foundation
import Import
import Models
import Reports
import StrictJSON
import TestSupport
import Testing

@Suite struct ImportTests {
  static func bytes(_ name: String) throws -> [UInt8] {
    try RepositoryFile.bytes("Tests/Fixtures/imports/\(name)")
  }

  static func documents(
    _ bytes: [UInt8], _ name: String = "a.json", hints: ImportHints = ImportHints()
  ) throws -> [JSONValue] {
    let tool: JSONValue = ["name": "moebench", "version": "0", "commit": "test"]
    return try Importer(hints, converter: tool, catalogue: Catalogue.builtIn)
      .documents(bytes, file: name)
  }

  static func results(
    _ name: String, hints: ImportHints = ImportHints()
  ) throws -> [StoredResult] {
    try documents(bytes(name), name, hints: hints).map { try StoredResult($0, file: name) }
  }

  @Test(
    "every tool's file is a valid result, marked as imported, that has a cost",
    arguments: [
      "llama-bench.json", "llama-bench.jsonl", "llama-bench.csv", "llama-bench.md",
      "llama-bench.sql", "llama-batched-bench.jsonl", "guidellm-0.8.1.json", "aiperf-0.13.0.json",
      "aiperf-0.13.0.jsonl", "vllm-serve-0.33.0.json", "vllm-serve-detailed-0.33.0.json",
      "vllm-throughput.json", "vllm-latency.json",
    ])
  func tools(_ name: String) throws {
    let hints = ImportHints(promptTokens: 128, generatedTokens: 32, batch: 8)
    let documents = try Self.documents(Self.bytes(name), name, hints: hints)
    let document = try #require(documents.first)
    let schema = try SchemaValidator(named: "result")
    for one in documents { #expect(schema.violations(of: one) == []) }
    let result = try StoredResult(document, file: name)
    #expect(result.model.source == "imported")
    #expect(result.tests.allSatisfy { $0.summary != nil && $0.joulesPerToken == nil })
    var settings = CostSettings()
    settings.rentalUsdPerHour = 2
    let cost = try result.cost(settings, tables: SiteTables.builtIn)
    #expect(cost.input != nil && cost.output != nil && cost.blended != nil)
    // Written and read again: what cost, decide and compare do.
    let repriced = RepricedResult(result, cost: cost, prices: [])
    #expect(throws: Never.self) {
      try StoredResult(parsing: repriced.document.utf8(), file: name)
    }
  }

  @Test("llama-bench's formats give the same tests, and its samples where it keeps them")
  func llamaBench() throws {
    let json = try #require(Self.results("llama-bench.json").first)
    let csv = try #require(Self.results("llama-bench.csv").first)
    #expect(json.tests.map(\.label) == ["pp16", "tg8", "pp16 @ d16", "tg8 @ d16"])
    #expect(csv.tests.map(\.label) == json.tests.map(\.label))
    #expect(json.tests.allSatisfy { $0.samples.count == 3 })
    #expect(csv.tests.allSatisfy { $0.samples.count == 1 })
    #expect(csv.warnings.contains { $0.code == "no_samples" })
    #expect(json.model.totalParameters == 39968)
    #expect(json.machine.cpu?.isEmpty == false)
    let lines = try #require(Self.results("llama-bench.jsonl").first)
    #expect(lines.tests.map(\.label) == ["pp16", "tg8"])
    #expect(lines.warnings.contains { $0.code == "mixed_test" })
  }

  @Test("a served load's shares of time add up to its duration, failures counted")
  func served() throws {
    let result = try #require(Self.results("vllm-serve-detailed-0.33.0.json").first)
    let duration = try JSONValue(parsing: Self.bytes("vllm-serve-detailed-0.33.0.json"))[
      "duration"]?
      .double
    let seconds = result.tests.flatMap(\.samples).reduce(0) { $0 + $1.seconds }
    #expect(abs(seconds - (duration ?? 0)) < 1e-9 * seconds)
    #expect(result.tests.map(\.batch) == [4, 4])
    #expect(result.warnings.contains { $0.code == "many_failures" })
  }

  @Test("of averages, the requests in flight are the mean latency's share of the duration")
  func inFlight() throws {
    func tests(without keys: [String]) throws -> [StoredTest] {
      var file = try #require(JSONValue(parsing: Self.bytes("vllm-serve-0.33.0.json")).object)
      for key in keys { file[key] = nil }
      let document = try #require(Self.documents(JSONValue.object(file).utf8()).first)
      return try StoredResult(document, file: "a.json").tests
    }
    // 11 requests of 0.253 s in 0.803 s.
    #expect(try tests(without: ["max_concurrency"]).map(\.batch) == [3, 3])
    let untold = try tests(without: ["max_concurrency", "mean_e2el_ms", "mean_ttft_ms"])
    #expect(untold.map(\.knownBatch) == [nil, nil])
    #expect(try Self.results("aiperf-0.13.0.json").first?.tests.map(\.batch) == [2, 2])
  }

  @Test("a repetition may last longer than a thousand seconds")
  func slow() throws {
    let row = #"{"n_prompt": 0, "n_gen": 128, "avg_ts": 0.064, "samples_ns": [2000000000000]}"#
    let document = try #require(Self.documents(Array(row.utf8)).first)
    #expect(document["tests"]?[0]?["samples"]?[0]?["seconds"]?.double == 2000)
    let averages =
      #"[{"n_prompt": 0, "n_gen": 128, "avg_ts": 0.064, "avg_ns": 2000000000000, "stddev_ns": 0}]"#
    #expect(throws: Never.self) { try Self.documents(Array(averages.utf8)) }
  }

  @Test("a table's column of threads is each test's own; without it they are unknown")
  func threads() throws {
    let table = """
      | model | threads | test | t/s |
      | --- | ---: | ---: | ---: |
      | olmoe | 1 | pp16 | 12.17 ± 1.57 |
      | olmoe | 8 | pp16 | 60.00 ± 1.57 |
      """
    let document = try #require(Self.documents(Array(table.utf8), "a.md").first)
    #expect(try StoredResult(document, file: "a.md").tests.map(\.threads) == [1, 8])
    #expect(document["engine"]?["threads"]?.array?.compactMap(\.int) == [1, 8])
    let served = try #require(Self.documents(Self.bytes("vllm-serve-0.33.0.json")).first)
    #expect(served["tests"]?[0]?["n_threads"]?.isNull == true)
  }

  @Test("a time without a zone is kept as it is, and said")
  func localTime() throws {
    let served = try #require(Self.results("vllm-serve-0.33.0.json").first)
    #expect(served.startedAt == "2026-11-21T13:37:21")
    #expect(served.warnings.contains { $0.code == "local_time" })
    let zoned = try #require(Self.results("llama-bench.json").first)
    #expect(!zoned.warnings.contains { $0.code == "local_time" })
  }

  @Test(
    "models are found in the catalogue under the names tools use",
    arguments: [
      ("vllm-serve-0.33.0.json", "qwen3-30b-a3b"), ("guidellm-0.8.1.json", "qwen3-30b-a3b"),
      ("aiperf-0.13.0.json", "qwen3-30b-a3b"), ("llama-bench.json", "OLMoE-tiny-F32"),
    ])
  func names(file: String, name: String) throws {
    #expect(try Self.results(file).first?.model.name == name)
  }

  @Test("a server's own count of tokens is used where a tool's tokenizer disagrees, and said")
  func usage() throws {
    let result = try #require(Self.results("aiperf-0.13.0.json").first)
    #expect(result.tests.last?.samples.first?.tokens == 96)
    #expect(result.warnings.contains { $0.code == "usage_disagrees" })
  }
}
