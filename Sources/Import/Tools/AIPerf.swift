// AIPerf's profile_export_aiperf.json (metrics with unit and avg) and profile_export.jsonl (a line a request).

import Measurement
import Models
import StrictJSON

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

enum AIPerf {
  static func recognises(_ value: JSONValue) -> Bool {
    value["request_throughput"]?["avg"] != nil || isRecord(value)
  }

  static func isRecord(_ value: JSONValue) -> Bool {
    value["metadata"]?["request_start_ns"] != nil && value["metrics"] != nil
  }

  // MARK: - Aggregates

  static func run(_ node: Node, _ hints: ImportHints) throws(DataError) -> ImportedRun {
    var run = ImportedRun(tool: "aiperf")
    run.toolVersion = node.text("aiperf_version")
    run.start(at: node.text("start_time"))
    run.isInterrupted = node.value["was_cancelled"]?.bool ?? false
    let models =
      node.value["input_config"]?["models"]?["items"] ?? node.value["input_config"]?["models"]
    run.model = hints.model ?? models?.array?.first?["name"]?.string ?? "unknown"
    try aggregate(node, &run).add(to: &run, at: node)
    return run
  }

  private static func average(_ node: Node, _ key: String) throws(DataError) -> Double? {
    try node.optional(key)?.optional("avg")?.amount()
  }

  private static func total(_ node: Node, _ keys: [String]) throws(DataError) -> Int? {
    for key in keys {
      guard let value = try average(node, key) else { continue }
      guard let count = Int(exactly: value.rounded()), count <= Node.mostCounted else {
        throw try node.member(key).fault(.outOfRange("\(value)", rule: "is no count of tokens"))
      }
      return count
    }
    return nil
  }

  private static func aggregate(
    _ node: Node, _ run: inout ImportedRun
  ) throws(DataError) -> ServedLoad {
    guard let duration = try average(node, "benchmark_duration"), duration > 0,
      let count = try total(node, ["completed_request_count", "request_count"]), count > 0,
      let latency = try average(node, "request_latency"), latency > 0
    else {
      throw node.fault(
        .outOfRange("benchmark_duration, request_count, request_latency", rule: "are all needed"))
    }
    try check(node, duration, count)
    // The server's own count of tokens, before one made with a tokenizer the user named.
    let counted = try total(node, ["total_osl", "total_output_tokens"])
    let used = try total(node, ["total_usage_completion_tokens"])
    guard let output = used ?? counted,
      let input = try total(node, ["total_usage_prompt_tokens", "total_isl"])
    else {
      throw node.fault(.outOfRange("total_osl, total_isl", rule: "are both needed"))
    }
    if let used, let counted, abs(used - counted) > max(used, counted) / 20 {
      run.warn(
        "usage_disagrees",
        "the server counted \(used) output tokens, AIPerf's tokenizer \(counted): the server's are used"
      )
    }
    let first = try average(node, "time_to_first_token").map { min($0, latency) / 1000 }
    let failed = try total(node, ["error_request_count"]) ?? 0
    return ServedLoad(
      requests: [
        .init(input: input, output: output, latency: latency / 1000, firstToken: first, start: nil)
      ], duration: duration,
      concurrency: try concurrency(node),
      completed: count, failed: failed)
  }

  /// Older versions keep it in `loadgen`, newer ones with each phase.
  private static func concurrency(_ node: Node) throws(DataError) -> Double? {
    guard let config = try node.optional("input_config"), config.value.object != nil else {
      return nil
    }
    if let load = try config.optional("loadgen"), load.value.object != nil {
      return try load.optional("concurrency")?.inFlight()
    }
    guard let phases = try config.optional("phases"), phases.value.array != nil else { return nil }
    for phase in try phases.elements() where phase.text("kind") == "profiling" {
      return try phase.optional("concurrency")?.inFlight()
    }
    return nil
  }

  private static func check(
    _ node: Node, _ duration: Double, _ count: Int
  ) throws(DataError) {
    // Some versions divide by the whole time from start to end, others by that of the requests.
    let spans = [duration, span(node) ?? duration]
    func check(_ key: String, _ amount: Double?) throws(DataError) {
      guard let metric = try node.optional(key), let stated = try metric.optional("avg")?.amount(),
        let amount
      else { return }
      let nearest = spans.map { amount / $0 }.min { abs($0 - stated) < abs($1 - stated) }
      try Agreement.check(metric, "avg", against: nearest)
    }
    try check("request_throughput", Double(count))
    var output = try average(node, "total_osl")
    if output == nil { output = try average(node, "total_output_tokens") }
    try check("output_token_throughput", output)
    try check("input_token_throughput", try average(node, "total_isl"))
  }

  /// Seconds between start_time and end_time; nil where they are no times.
  private static func span(_ node: Node) -> Double? {
    func time(_ key: String) -> Date? {
      guard let text = node.text(key) else { return nil }
      let zoned = text.hasSuffix("Z") ? text : text + "Z"
      return [true, false].lazy.compactMap {
        try? Date.ISO8601FormatStyle(includingFractionalSeconds: $0).parse(zoned)
      }.first
    }
    guard let start = time("start_time"), let end = time("end_time"), end > start else {
      return nil
    }
    return end.timeIntervalSince(start)
  }
}

extension AIPerf {
  // MARK: - Single requests

  static func run(records: [Node], _ hints: ImportHints) throws(DataError) -> ImportedRun {
    var run = ImportedRun(tool: "aiperf")
    run.model = hints.model ?? "unknown"
    if hints.model == nil {
      run.warn("model_unknown", "the file does not name the model: --model does")
    }
    var requests: [ServedLoad.Request] = []
    var failed = 0
    var end = 0.0
    for record in records {
      let metadata = try record.member("metadata")
      // Warm-up is a phase of its own.
      if let phase = metadata.text("benchmark_phase"), phase != "profiling" { continue }
      if try record.optional("error") != nil {
        failed += 1
        continue
      }
      let request = try self.request(record, metadata)
      requests.append(request)
      end = max(end, (request.start ?? 0) + (request.latency ?? 0))
    }
    guard let begin = requests.compactMap(\.start).min(), end > begin else {
      throw DataError(
        file: records.first?.file ?? "", path: "",
        rule: .outOfRange("the requests", rule: "hold no successful one that took time"))
    }
    let first = records[0]
    try ServedLoad(
      requests: requests, duration: end - begin, concurrency: nil, completed: requests.count,
      failed: failed
    ).add(to: &run, at: Node(file: first.file, value: first.value))
    return run
  }

  private static func request(
    _ record: Node, _ metadata: Node
  ) throws(DataError) -> ServedLoad.Request {
    let metrics = try record.member("metrics")
    func value(_ keys: String...) throws(DataError) -> Node? {
      for key in keys {
        if let value = try metrics.optional(key)?.optional("value") { return value }
      }
      return nil
    }
    let start = try metadata.member("request_start_ns").amount() / 1e9
    let end = try metadata.member("request_end_ns").amount() / 1e9
    guard end > start, let input = try value("usage_prompt_tokens", "input_sequence_length"),
      let output = try value("usage_completion_tokens", "output_sequence_length")
    else {
      throw record.fault(
        .outOfRange("a request", rule: "needs its times and its counts of tokens"))
    }
    if let latency = try metrics.optional("request_latency") {
      // Whole nanoseconds since 1970 keep half a microsecond as a double.
      try Agreement.check(
        latency, "value", against: (end - start) * 1000, slack: 1e-6 / (end - start))
    }
    let first = try value("time_to_first_token").map { (node) throws(DataError) in
      min(try node.amount() / 1000, end - start)
    }
    return .init(
      input: try input.tokens(), output: try output.tokens(), latency: end - start,
      firstToken: first, start: start)
  }
}
