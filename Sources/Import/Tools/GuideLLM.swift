// GuideLLM's JSON report: benchmarks, each with its requests or with distributions of them.

import Measurement
import Models
import StrictJSON

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

enum GuideLLM {
  static func recognises(_ value: JSONValue) -> Bool {
    value["benchmarks"]?.array?.first?["metrics"] != nil
  }

  static func run(_ document: Node, _ hints: ImportHints) throws(DataError) -> ImportedRun {
    var run = ImportedRun(tool: "guidellm")
    let metadata = try document.optional("metadata")
    run.toolVersion = metadata?.text("guidellm_version")
    for benchmark in try document.member("benchmarks").elements() {
      run.start(at: try benchmark.optional("start_time").map(day))
      let backend =
        benchmark.value["config"]?["backend"] ?? benchmark.value["benchmarker"]?["backend"]
      if run.model == "unknown", let name = backend?["model"]?.string { run.model = name }
      try load(benchmark).add(to: &run, at: benchmark)
    }
    if let model = hints.model { run.model = model }
    if run.model == "unknown" {
      run.warn("model_unknown", "the file does not name the model: --model does")
    }
    return run
  }

  /// Seconds since 1970, up to the year 9999.
  private static func day(_ node: Node) throws(DataError) -> String {
    let seconds = try node.amount()
    guard seconds < 253_402_300_800 else {
      throw node.fault(.outOfRange("\(seconds)", rule: "is no plausible time since 1970"))
    }
    return Date(timeIntervalSince1970: seconds).formatted(.iso8601)
  }

  private static func load(_ node: Node) throws(DataError) -> ServedLoad {
    let metrics = try node.member("metrics")
    let all = try node.optional("requests")
    let made = try metrics.optional("request_totals")
    var requests: [ServedLoad.Request] = []
    for request in try all?.optional("successful")?.elements() ?? [] {
      requests.append(try self.request(request))
    }
    let stated = try made?.optional("successful")?.tokens()
    let completed = stated ?? requests.count
    guard completed > 0 else {
      throw metrics.fault(.outOfRange("0 successful requests", rule: "leave nothing to import"))
    }
    // A sample of the requests is not all of them.
    if requests.count == completed {
      try check(metrics, requests)
    } else {
      requests = [try average(metrics, completed)]
    }
    let duration = try duration(node)
    let strategy = try strategy(node)
    var streams = try strategy?.optional("streams")
    if streams == nil { streams = try strategy?.optional("max_concurrency") }
    let failures = try all?.optional("errored")?.elements().count
    let failed = try made?.optional("errored")?.tokens() ?? failures
    return ServedLoad(
      requests: requests, duration: duration, concurrency: try streams?.inFlight(),
      completed: completed,
      failed: failed ?? 0,
      record: strategy.map { ["strategy": $0.value] } ?? .null)
  }

  private static func strategy(_ node: Node) throws(DataError) -> Node? {
    for key in ["config", "scheduler"] {
      guard let part = try node.optional(key), part.value.object != nil,
        let found = try part.optional("strategy"), found.value.object != nil
      else { continue }
      return found
    }
    return nil
  }

  private static func duration(_ node: Node) throws(DataError) -> Double {
    if let stated = try node.optionalSeconds("duration") { return stated }
    let begin = try node.member("start_time").amount()
    let end = try node.member("end_time").amount()
    guard end > begin else {
      throw try node.member("end_time").fault(.outOfRange("\(end)", rule: "is not after the start"))
    }
    return end - begin
  }

  private static func request(_ node: Node) throws(DataError) -> ServedLoad.Request {
    let latency = try node.member("request_latency").seconds()
    let first = try node.optionalAmount("time_to_first_token_ms").map { $0 / 1000 }
    if let first, first > latency * (1 + Agreement.tolerance) {
      throw try node.member("time_to_first_token_ms").fault(
        .outOfRange("\(first * 1000)", rule: "is after the end of the request"))
    }
    return .init(
      input: try node.member("prompt_tokens").tokens(),
      output: try node.member("output_tokens").tokens(), latency: latency,
      firstToken: first.map { min($0, latency) },
      start: try node.optionalAmount("request_start_time"))
  }

  private static func check(
    _ metrics: Node, _ requests: [ServedLoad.Request]
  ) throws(DataError) {
    func check(_ key: String, _ values: [Double]) throws(DataError) {
      guard let part = try metrics.optional(key)?.optional("successful"),
        values.count == requests.count
      else { return }
      try Agreement.check(part, "mean", against: Statistics.mean(values))
      try Agreement.check(part, "median", against: Statistics.median(values), slack: 0.5)
    }
    try check("request_latency", requests.compactMap(\.latency))
    try check("time_to_first_token_ms", requests.compactMap { $0.firstToken.map { $0 * 1000 } })
    try check("prompt_token_count", requests.map { Double($0.input) })
    try check("output_token_count", requests.map { Double($0.output) })
  }

  /// Where only distributions are kept: one request that stands for all.
  private static func average(
    _ metrics: Node, _ completed: Int
  ) throws(DataError) -> ServedLoad.Request {
    func member(_ key: String) throws(DataError) -> Node? {
      try metrics.optional(key)?.optional("successful")?.optional("mean")
    }
    func mean(_ key: String) throws(DataError) -> Double? { try member(key)?.amount() }
    func sum(_ key: String) throws(DataError) -> Int? {
      guard let node = try member(key) else { return nil }
      let sum = (try node.amount() * Double(completed)).rounded()
      guard sum <= Double(Node.mostCounted) else {
        throw node.fault(
          .outOfRange("\(try node.amount())", rule: "is no plausible count of tokens"))
      }
      return Int(sum)
    }
    guard let latency = try mean("request_latency"), latency > 0,
      let input = try sum("prompt_token_count"), let output = try sum("output_token_count")
    else {
      throw metrics.fault(
        .outOfRange("metrics", rule: "have no latency and tokens, and no requests are kept"))
    }
    let first = try mean("time_to_first_token_ms").map { min($0 / 1000, latency) }
    return .init(input: input, output: output, latency: latency, firstToken: first, start: nil)
  }
}
