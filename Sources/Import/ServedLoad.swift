// A server's requests as other tools keep them, turned into tests: its time divided among requests and phases.

import Measurement
import Models
import StrictJSON

/// One level of load.
struct ServedLoad {
  /// A successful request.
  struct Request {
    let input: Int
    let output: Int
    /// Seconds from sending to the end; nil where the file does not tell.
    let latency: Double?
    /// Seconds to the first token; nil where replies did not stream.
    let firstToken: Double?
    let start: Double?
  }

  /// Successful ones; where the file keeps none, one that stands for all.
  var requests: [Request]
  /// Seconds in which the load was kept up.
  let duration: Double
  /// Requests in flight, as the file states them.
  let concurrency: Double?
  let completed: Int
  let failed: Int
  var record: JSONValue = .null

  /// At most so many samples: batch means, which are nearer to independent than single requests.
  private static let samplesAtMost = 10
  private static let requestsPerSample = 4

  /// Adds an input and an output test.
  ///
  /// Every request is charged with its share of the duration, in proportion to how long it was in flight,
  /// and the share is prefill until its first token and decode after it. All shares together are the duration, so
  /// that the cost of the measured mix is exact; its division between input and output is this rule's.
  ///
  /// - Parameter node: Where the load stands in the file.
  /// - Throws: `DataError` where it has sums that no load can have.
  func add(to run: inout ImportedRun, at node: Node) throws(DataError) {
    guard !requests.isEmpty else { return }
    try check(node)
    let input = requests.reduce(0) { $0 + $1.input }
    let output = requests.reduce(0) { $0 + $1.output }
    let each = max(1, completed)
    let latencies = latencies
    let batch = try inFlight(latencies, node)
    // Without latencies every request has the same share.
    let share = duration / (latencies ?? Double(requests.count))
    let streams = latencies != nil && requests.allSatisfy { $0.firstToken != nil }
    warn(&run, streams: streams, batch)
    var prefill: [ImportedTest.Sample] = []
    var decode: [ImportedTest.Sample] = []
    for group in groups() {
      let all = group.reduce(0) { $0 + (latencies == nil ? 1 : $1.latency ?? 0) } * share
      let first = group.reduce(0) { $0 + ($1.firstToken ?? 0) } * share
      let inputs = group.reduce(0) { $0 + $1.input }
      let outputs = group.reduce(0) { $0 + $1.output }
      // Without a first token there is one rate for all tokens, in and out.
      prefill.append(
        .init(seconds: streams ? first : all, tokens: streams ? inputs : inputs + outputs))
      decode.append(
        .init(seconds: streams ? all - first : all, tokens: streams ? outputs : inputs + outputs))
    }
    let load = concurrency.flatMap { _ in batch.map { " c\($0)" } } ?? ""
    add(
      .prefill, "pp\(input / each)\(load)", prompt: input / each, batch,
      prefill,
      &run)
    add(
      .decode, "tg\(output / each)\(load)", prompt: 0, batch, decode, &run,
      generated: output / each, depth: input / each)
  }

  private func add(
    _ phase: Phase, _ label: String, prompt: Int, _ batch: Int?, _ samples: [ImportedTest.Sample],
    _ run: inout ImportedRun, generated: Int = 0, depth: Int = 0
  ) {
    let sound = samples.filter { $0.seconds > 0 && $0.tokens > 0 }
    guard !sound.isEmpty else {
      run.warn("phase_left_out", "\(label): no time or no tokens, so there is no rate")
      return
    }
    run.tests.append(
      ImportedTest(
        label: label, phase: phase, promptTokens: prompt, generatedTokens: generated, depth: depth,
        batch: batch, samples: sound, record: phase == .prefill ? record : .null))
  }

  /// Of all requests that are kept; nil where one lacks its own.
  private var latencies: Double? {
    let known = requests.compactMap(\.latency)
    let sum = known.reduce(0, +)
    return known.count == requests.count && sum > 0 ? sum : nil
  }

  /// Refuses what no load can have and whole numbers might not hold.
  private func check(_ node: Node) throws(DataError) {
    let tokens = requests.reduce(0.0) { $0 + Double($1.input) + Double($1.output) }
    guard tokens <= Double(Node.mostCounted) else {
      throw node.fault(.outOfRange("\(tokens) tokens in all", rule: "are no plausible count"))
    }
    for (name, seconds) in [("a duration", duration), ("latencies", latencies ?? 1)] {
      guard seconds > 1e-12, seconds < 1e15 else {
        throw node.fault(
          .outOfRange("\(name) of \(seconds) s", rule: "is no plausible time of a load"))
      }
    }
  }

  /// What the file states, of no more requests than there were; else by Little's law. Nil where the file tells neither.
  private func inFlight(_ latencies: Double?, _ node: Node) throws(DataError) -> Int? {
    // One request may stand for all that completed.
    let sum = latencies.map { $0 / Double(requests.count) * Double(completed) }
    guard
      let mean = concurrency.map({ min($0, Double(completed + failed)) })
        ?? sum.map({ $0 / duration })
    else { return nil }
    guard mean <= Double(Node.mostCounted) else {
      throw node.fault(.outOfRange("\(mean) requests in flight", rule: "are no plausible count"))
    }
    return max(1, Int(mean.rounded()))
  }

  /// In order of their start, cut into up to ten runs of equal length.
  private func groups() -> [[Request]] {
    let ordered =
      requests.allSatisfy { $0.start != nil }
      ? requests.sorted { ($0.start ?? 0) < ($1.start ?? 0) } : requests
    let count = max(1, min(Self.samplesAtMost, ordered.count / Self.requestsPerSample))
    return (0..<count).map { index in
      Array(ordered[ordered.count * index / count..<ordered.count * (index + 1) / count])
    }
  }

  private func warn(_ run: inout ImportedRun, streams: Bool, _ batch: Int?) {
    if batch == nil {
      run.warn(
        "in_flight_unknown",
        "neither latencies nor a limit tell how many requests were in flight: n_batch is null")
    }
    run.warn(
      "shared_time",
      streams
        ? "a server's time is divided among its requests by the time each was in flight, before its "
          + "first token prefill, after it decode"
        : "no time to first token: input and output tokens are given one rate")
    if failed > 0 {
      let share = Double(failed) / Double(max(1, failed + completed))
      run.warn(
        share > 0.05 ? "many_failures" : "failures",
        "\(failed) of \(failed + completed) requests failed"
          + (share > 0.05 ? ": over 5 %, so the load stands for nothing" : ""))
    }
    if requests.count < Self.requestsPerSample * 2 {
      run.warn("few_samples", "too few requests are kept for an interval")
    }
  }
}
