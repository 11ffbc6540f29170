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
    /// Seconds from sending to the end.
    let latency: Double
    /// Seconds to the first token; nil where replies did not stream.
    let firstToken: Double?
    let start: Double?
  }

  /// Successful ones; where the file keeps none, one that stands for all.
  var requests: [Request]
  /// Seconds in which the load was kept up.
  let duration: Double
  /// Requests in flight.
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
  func add(to run: inout ImportedRun) {
    let latencies = requests.reduce(0) { $0 + $1.latency }
    guard latencies > 0, !requests.isEmpty else { return }
    let input = requests.reduce(0) { $0 + $1.input }
    let output = requests.reduce(0) { $0 + $1.output }
    let each = max(1, completed)
    let batch = max(1, Int((concurrency ?? latencies / duration).rounded()))
    let share = duration / latencies
    let streams = requests.allSatisfy { $0.firstToken != nil }
    warn(&run, streams: streams)
    var prefill: [ImportedTest.Sample] = []
    var decode: [ImportedTest.Sample] = []
    for group in groups() {
      let all = group.reduce(0) { $0 + $1.latency } * share
      let first = group.reduce(0) { $0 + ($1.firstToken ?? 0) } * share
      let inputs = group.reduce(0) { $0 + $1.input }
      let outputs = group.reduce(0) { $0 + $1.output }
      // Without a first token there is one rate for all tokens, in and out.
      prefill.append(
        .init(seconds: streams ? first : all, tokens: streams ? inputs : inputs + outputs))
      decode.append(
        .init(seconds: streams ? all - first : all, tokens: streams ? outputs : inputs + outputs))
    }
    let load = concurrency.map { _ in " c\(batch)" } ?? ""
    add(
      .prefill, "pp\(input / each)\(load)", prompt: input / each, batch,
      prefill,
      &run)
    add(
      .decode, "tg\(output / each)\(load)", prompt: 0, batch, decode, &run,
      generated: output / each, depth: input / each)
  }

  private func add(
    _ phase: Phase, _ label: String, prompt: Int, _ batch: Int, _ samples: [ImportedTest.Sample],
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

  private func warn(_ run: inout ImportedRun, streams: Bool) {
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
