// vLLM's `bench serve`, `bench throughput` and `bench latency` (vllm/benchmarks of its repository), as JSON.

import Measurement
import Models
import StrictJSON

enum VLLM {
  static func recognises(_ value: JSONValue) -> Bool {
    servesOf(value) || throughputOf(value) || latencyOf(value)
  }

  private static func servesOf(_ value: JSONValue) -> Bool {
    value["duration"] != nil && value["completed"] != nil && value["total_input_tokens"] != nil
  }
  private static func throughputOf(_ value: JSONValue) -> Bool {
    value["elapsed_time"] != nil && value["total_num_tokens"] != nil
  }
  private static func latencyOf(_ value: JSONValue) -> Bool {
    value["latencies"] != nil && value["avg_latency"] != nil
  }

  /// One run of all loads, where `--append-result` put several into a file.
  static func run(_ documents: [Node], _ hints: ImportHints) throws(DataError) -> ImportedRun {
    var run = ImportedRun(tool: "vllm bench")
    for document in documents {
      let value = document.value
      run.toolVersion = run.toolVersion ?? document.text("vllm_version")
      run.start(at: document.text("date").flatMap(stamp))
      if let name = document.text("model_id"), run.model == "unknown" { run.model = name }
      if servesOf(value) {
        try serve(document).add(to: &run, at: document)
      } else if throughputOf(value) {
        try throughput(document, &run)
      } else {
        try latency(document, hints, &run)
      }
    }
    if let model = hints.model { run.model = model }
    if run.model == "unknown" {
      run.warn("model_unknown", "the file does not name the model: --model does")
    }
    return run
  }

  /// `20261121-070000`, in the time of the machine that wrote it.
  private static func stamp(_ text: String) -> String? {
    let digits = Array(text.utf8)
    guard digits.count == 15, digits[8] == UInt8(ascii: "-") else { return nil }
    func part(_ range: Range<Int>) -> String { String(decoding: digits[range], as: UTF8.self) }
    let day = "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))"
    return "\(day)T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))"
  }

  // MARK: - serve

  private static func serve(_ node: Node) throws(DataError) -> ServedLoad {
    let duration = try node.member("duration").seconds()
    let completed = try node.member("completed").tokens()
    guard completed > 0 else {
      throw try node.member("completed").fault(.outOfRange("0", rule: "leaves nothing to import"))
    }
    let input = try node.member("total_input_tokens").tokens()
    let output = try node.member("total_output_tokens").tokens()
    try Agreement.check(node, "request_throughput", against: Double(completed) / duration)
    try Agreement.check(node, "output_throughput", against: Double(output) / duration)
    try Agreement.check(node, "total_token_throughput", against: Double(input + output) / duration)
    var requests = try requests(node, completed: completed)
    if requests == nil { requests = [try average(node, completed, input, output)] }
    let planned = try node.optional("num_prompts")?.tokens()
    let failed = try node.optional("failed")?.tokens() ?? max(0, (planned ?? completed) - completed)
    return ServedLoad(
      requests: requests ?? [],
      duration: duration, concurrency: try node.optional("max_concurrency")?.inFlight(),
      completed: completed, failed: failed, record: summary(node))
  }

  /// The requests that succeeded, of a file made with `--save-detailed`; nil where it has none.
  private static func requests(
    _ node: Node, completed: Int
  ) throws(DataError) -> [ServedLoad.Request]? {
    guard let inputs = try node.optional("input_lens")?.elements(),
      let outputs = try node.optional("output_lens")?.elements(),
      let firsts = try node.optional("ttfts")?.elements(),
      let gaps = try node.optional("itls")?.elements()
    else { return nil }
    let errors = try node.optional("errors")?.elements()
    let starts = try node.optional("start_times")?.elements()
    guard
      [outputs.count, firsts.count, gaps.count, errors?.count ?? inputs.count]
        .allSatisfy({ $0 == inputs.count })
    else {
      throw node.fault(
        .outOfRange("input_lens, output_lens, ttfts, itls", rule: "differ in length"))
    }
    var requests: [ServedLoad.Request] = []
    for index in inputs.indices {
      let hasFailed = errors.map { !($0[index].value.string ?? "").isEmpty }
      let tokens = try outputs[index].tokens()
      if hasFailed ?? (tokens == 0) { continue }
      let first = try firsts[index].amount()
      let rest = try gaps[index].elements().reduceAmounts()
      requests.append(
        .init(
          input: try inputs[index].tokens(), output: tokens, latency: first + rest,
          firstToken: first,
          start: starts.flatMap { $0.indices.contains(index) ? $0[index].value.double : nil }))
    }
    guard requests.count == completed else {
      throw try node.member("completed").fault(
        .outOfRange("\(completed)", rule: "where \(requests.count) requests succeeded"))
    }
    try checkTotals(node, of: requests)
    return requests
  }

  private static func checkTotals(
    _ node: Node, of requests: [ServedLoad.Request]
  ) throws(DataError) {
    try Agreement.check(
      node, "total_input_tokens", against: requests.reduce(0) { $0 + Double($1.input) })
    try Agreement.check(
      node, "total_output_tokens", against: requests.reduce(0) { $0 + Double($1.output) })
    try Agreement.check(
      node, "mean_ttft_ms",
      against: Statistics.mean(requests.compactMap { $0.firstToken.map { $0 * 1000 } }))
  }

  /// One request that stands for all, by the file's means.
  private static func average(
    _ node: Node, _ completed: Int, _ input: Int, _ output: Int
  ) throws(DataError) -> ServedLoad.Request {
    let first = try node.optionalAmount("mean_ttft_ms").map { $0 / 1000 }
    let perToken = try node.optionalAmount("mean_tpot_ms").map { $0 / 1000 }
    let whole = try node.optionalAmount("mean_e2el_ms").map { $0 / 1000 }
    let tokens = Double(output) / Double(completed)
    let latency =
      whole ?? first.flatMap { first in perToken.map { first + $0 * max(0, tokens - 1) } }
    guard let latency, latency > 0, (first ?? 0) <= latency else {
      return .init(input: input, output: output, latency: nil, firstToken: nil, start: nil)
    }
    return .init(input: input, output: output, latency: latency, firstToken: first, start: nil)
  }

  /// Everything but the long lists and the texts.
  private static func summary(_ node: Node) -> JSONValue {
    var kept = JSONObject()
    for member in node.value.object?.members ?? [] where member.value.array == nil {
      kept.append(member.key, member.value)
    }
    return .object(kept)
  }
}

extension [Node] {
  func reduceAmounts() throws(DataError) -> Double {
    var sum = 0.0
    for node in self { sum += try node.amount() }
    return sum
  }
}
