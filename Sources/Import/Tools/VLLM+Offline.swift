// vLLM's benchmarks without a server: all tokens have one rate, as the files tell no phases apart.

import Measurement
import Models
import StrictJSON

extension VLLM {
  /// `bench throughput`: elapsed_time, num_requests, total_num_tokens, tokens_per_second.
  static func throughput(_ node: Node, _ run: inout ImportedRun) throws(DataError) {
    let seconds = try node.member("elapsed_time").seconds()
    let tokens = try node.member("total_num_tokens").tokens()
    try Agreement.check(node, "tokens_per_second", against: Double(tokens) / seconds)
    if let requests = try node.optional("num_requests")?.tokens() {
      try Agreement.check(node, "requests_per_second", against: Double(requests) / seconds)
    }
    guard tokens > 0 else {
      throw try node.member("total_num_tokens").fault(.outOfRange("0", rule: "has no rate"))
    }
    // The engine schedules by itself: how many were in flight is not told.
    addUndivided([.init(seconds: seconds, tokens: tokens)], batch: nil, node, &run)
  }

  /// `bench latency`: seconds of each batch; how many tokens it had stands on its command line alone.
  static func latency(
    _ node: Node, _ hints: ImportHints, _ run: inout ImportedRun
  ) throws(DataError) {
    guard let input = hints.promptTokens, let output = hints.generatedTokens else {
      throw node.fault(
        .outOfRange(
          "latencies",
          rule: "tell no tokens: --prompt-tokens, --gen-tokens and --batch of that run are needed"))
    }
    let batch = max(1, hints.batch ?? 1)
    let seconds = try node.member("latencies").each { (node) throws(DataError) in
      try node.seconds()
    }
    try Agreement.check(node, "avg_latency", against: Statistics.mean(seconds))
    let (tokens, overflow) = (input + output).multipliedReportingOverflow(by: batch)
    guard !overflow, tokens > 0, !seconds.isEmpty else {
      throw node.fault(.outOfRange("\(input) + \(output) tokens", rule: "have no rate"))
    }
    addUndivided(seconds.map { .init(seconds: $0, tokens: tokens) }, batch: batch, node, &run)
  }

  private static func addUndivided(
    _ samples: [ImportedTest.Sample], batch: Int?, _ node: Node, _ run: inout ImportedRun
  ) {
    run.warn(
      "phases_not_told",
      "input and output tokens are given one rate, as the file does not tell them apart: the cost of "
        + "the measured mix is right, its parts are not")
    for (phase, label) in [(Phase.prefill, "all tokens, in"), (.decode, "all tokens, out")] {
      run.tests.append(
        ImportedTest(
          label: label, phase: phase, batch: batch, samples: samples,
          record: phase == .prefill ? node.value : .null))
    }
  }
}
