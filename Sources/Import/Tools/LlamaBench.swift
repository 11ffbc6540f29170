// llama-bench (llama.cpp): a row for each test, as json, jsonl, csv, md or sql.

import Measurement
import Models
import StrictJSON

enum LlamaBench {
  static func recognises(_ value: JSONValue) -> Bool {
    value["avg_ts"] != nil && value["n_prompt"] != nil && value["n_gen"] != nil
      || value["t/s"] != nil && value["test"] != nil
  }

  /// One run for each model in the rows.
  static func runs(_ rows: [Node], _ hints: ImportHints) throws(DataError) -> [ImportedRun] {
    var runs: [ImportedRun] = []
    var names: [String] = []
    for row in rows {
      let name = row.text("model_filename") ?? row.text("model") ?? "unknown"
      let size = row.whole("model_size") ?? 0
      let place = names.firstIndex(of: "\(name) \(size)") ?? names.count
      if place == names.count {
        names.append("\(name) \(size)")
        runs.append(header(row, name, hints))
      }
      try add(row, to: &runs[place])
    }
    return runs
  }

  private static func header(_ row: Node, _ name: String, _ hints: ImportHints) -> ImportedRun {
    var run = ImportedRun(tool: "llama-bench")
    let commit = row.text("build_commit")
    let number = row.whole("build_number")
    run.toolVersion = [number.map { "b\($0)" }, commit].compactMap { $0 }.joined(separator: " ")
    if run.toolVersion?.isEmpty == true { run.toolVersion = nil }
    run.start(at: row.text("test_time"))
    let stem = name.split(separator: "/").last.map(String.init) ?? name
    run.model =
      hints.model
      ?? (stem.lowercased().hasSuffix(".gguf") ? String(stem.dropLast(5)) : stem)
    // "qwen3moe 30B.A3B Q4_K - Medium": family, size, format.
    if let type = row.text("model_type") ?? row.text("model") {
      let words = type.split(separator: " ", maxSplits: 2).map(String.init)
      run.architecture = words.first
      run.weightFormat = (words.count > 2 ? words[2] : words.last)?.replacing("all ", with: "")
    }
    run.totalParameters = row.whole("model_n_params").flatMap { $0 > 0 ? $0 : nil }
    run.weightBytes = row.whole("model_size").flatMap { $0 > 0 ? $0 : nil }
    run.processor = row.text("cpu_info")
    run.accelerator = row.text("gpu_info")
    run.threads = row.whole("n_threads")
    return run
  }

  private static func add(_ row: Node, to run: inout ImportedRun) throws(DataError) {
    if row.value["t/s"] != nil { return try addMarkdown(row, to: &run) }
    let prompt = try row.member("n_prompt").tokens()
    let generated = try row.member("n_gen").tokens()
    let depth = try row.optional("n_depth")?.tokens() ?? 0
    guard prompt == 0 || generated == 0 else {
      // Present and sound, but a mixture that neither phase is.
      _ = try row.member("avg_ts").positive()
      run.warn(
        "mixed_test",
        "pp\(prompt)+tg\(generated) is left out: prefill and decode are not told apart in it")
      return
    }
    let phase: Phase = prompt > 0 ? .prefill : .decode
    let tokens = prompt + generated
    guard tokens > 0 else {
      throw row.fault(.outOfRange("a test of no tokens", rule: "has no rate"))
    }
    let samples = try samples(row, tokens, &run)
    run.tests.append(
      ImportedTest(
        label: TestCase(
          phase: phase, promptTokens: prompt, generatedTokens: generated, depth: depth, threads: 1
        ).label,
        phase: phase, promptTokens: prompt, generatedTokens: generated, depth: depth,
        threads: row.whole("n_threads"), samples: samples, record: row.value))
  }

  /// The file's own samples; where it keeps none (csv, sql), its average as one.
  private static func samples(
    _ row: Node, _ tokens: Int, _ run: inout ImportedRun
  ) throws(DataError) -> [ImportedTest.Sample] {
    let stated = try row.member("avg_ts").positive()
    if let list = try row.optional("samples_ns"), list.value.array?.isEmpty == false {
      let seconds = try list.each { (node) throws(DataError) in try node.nanoseconds() }
      let rates = seconds.map { Double(tokens) / $0 }
      if let stated = try row.optional("samples_ts") {
        let nodes = try stated.elements()
        guard nodes.count == rates.count else {
          throw stated.fault(
            .outOfRange("\(nodes.count) rates", rule: "do not go with \(rates.count) times"))
        }
        for (node, rate) in zip(nodes, rates) { try check(node, rate) }
      }
      try Agreement.check(row, "avg_ts", against: Statistics.mean(rates))
      try Agreement.check(row, "avg_ns", against: Statistics.mean(seconds).map { $0 * 1e9 })
      try checkDeviation(row, rates)
      return seconds.map { ImportedTest.Sample(seconds: $0, tokens: tokens) }
    }
    try checkTime(row, tokens, rate: stated)
    run.warn(
      "no_samples",
      "averages only, so there is no interval: -o json or -o jsonl keep every repetition")
    return [ImportedTest.Sample(seconds: Double(tokens) / stated, tokens: tokens)]
  }

  /// Without samples: a mean of rates is at least the rate of the mean time (Jensen), and exceeds it by about the
  /// squared variation where that is small.
  private static func checkTime(_ row: Node, _ tokens: Int, rate: Double) throws(DataError) {
    guard let time = try row.optional("avg_ns"), let deviation = try row.optional("stddev_ns")
    else { return }
    let mean = try time.nanoseconds()
    let variation = try deviation.amount() / 1e9 / mean
    let least = Double(tokens) / mean
    let isBounded = variation < 0.3
    guard rate >= least * (1 - Agreement.tolerance),
      !isBounded || rate <= least * (1 + Agreement.tolerance + 3 * variation * variation)
    else {
      throw time.fault(.outOfRange("\(mean * 1e9)", rule: "does not go with avg_ts \(rate)"))
    }
  }

  private static func check(_ node: Node, _ rate: Double) throws(DataError) {
    let stated = try node.positive()
    guard abs(stated - rate) <= Agreement.tolerance * rate else {
      throw node.fault(.outOfRange("\(stated)", rule: "is not what its time gives, \(rate)"))
    }
  }

  /// Of the mean: a deviation of next to nothing is all rounding.
  private static func checkDeviation(_ row: Node, _ rates: [Double]) throws(DataError) {
    guard let stated = try row.optional("stddev_ts"), let mean = Statistics.mean(rates),
      let deviation = Statistics.standardDeviation(rates)
    else { return }
    let value = try stated.amount()
    guard abs(value - deviation) <= Agreement.tolerance * mean else {
      throw stated.fault(
        .outOfRange("\(value)", rule: "is not what the file's own samples give, \(deviation)"))
    }
  }
}

extension LlamaBench {
  /// `| … | pp512 @ d4096 | 212.40 ± 1.20 |`
  private static func addMarkdown(_ row: Node, to run: inout ImportedRun) throws(DataError) {
    let label = try row.string("test")
    let words = label.split(separator: " ").map(String.init)
    let shown = try row.string("t/s")
    guard let first = shown.split(separator: " ").first, let rate = Double(first), rate.isFinite,
      rate > 0
    else {
      throw try row.member("t/s").fault(.outOfRange(shown, rule: "is no rate above 0"))
    }
    guard let size = words.first, let tokens = Int(size.dropFirst(2)), tokens > 0,
      tokens <= 1 << 40, size.hasPrefix("pp") || size.hasPrefix("tg")
    else {
      run.warn("mixed_test", "\(label) is left out: it is neither prefill nor decode alone")
      return
    }
    let isPrefill = size.hasPrefix("pp")
    let depth = words.count == 3 && words[1] == "@" ? Int(words[2].dropFirst()) ?? 0 : 0
    run.warn("no_samples", "averages only, so there is no interval: -o json keeps every repetition")
    run.tests.append(
      ImportedTest(
        label: label, phase: isPrefill ? .prefill : .decode, promptTokens: isPrefill ? tokens : 0,
        generatedTokens: isPrefill ? 0 : tokens, depth: depth,
        threads: row.text("threads").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil },
        samples: [.init(seconds: Double(tokens) / rate, tokens: tokens)], record: row.value))
  }
}
