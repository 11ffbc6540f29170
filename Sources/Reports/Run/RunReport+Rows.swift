// A run as rows, one a test, with the column names llama-bench uses: CSV, JSON lines, Markdown, SQL.

import Analysis
import Measurement
import StrictJSON

extension RunReport {
  private func row(_ result: TestResult) -> [(String, Cell)] {
    let test = result.test
    let summary = result.summary()
    let attainment = attainment(of: result)
    let joules = result.joulesPerToken
    let isMeasured = result.samples.map(\.energy).origin == .measured
    let whole = extrapolation(of: result)
    let seconds = result.samples.map(\.seconds)
    return [
      ("build_commit", .text(tool.commit)),
      ("test_time", .text(startedAt)),
      ("cpu_info", .text(environment.cpu.modelName.value ?? "")),
      ("backends", .text(engine.name)),
      ("model_filename", .text(model.name)),
      ("model_type", .text("\(model.architecture) \(model.weightFormat)")),
      ("model_size", .integer(model.weightBytes)),
      ("model_n_params", .integer(model.totalParameters)),
      ("model_n_active", .integer(model.activeParameters)),
      ("n_threads", .integer(test.threads)),
      ("n_prompt", .integer(test.promptTokens)),
      ("n_gen", .integer(test.generatedTokens)),
      ("n_depth", .integer(test.depth)),
      ("n_batch", .integer(test.batch)),
      ("test", .text(test.label)),
      ("samples", .integer(result.samples.count)),
      ("avg_ns", .number(Statistics.mean(seconds).map { ($0 * 1e9).rounded() })),
      ("stddev_ns", .number(Statistics.standardDeviation(seconds).map { ($0 * 1e9).rounded() })),
      ("avg_ts", .number(summary?.mean)),
      ("stddev_ts", .number(summary?.standardDeviation)),
      ("median_ts", .number(summary?.median)),
      ("ci_low_ts", .number(summary?.interval?.low)),
      ("ci_high_ts", .number(summary?.interval?.high)),
      ("bytes_touched_per_token", .number(result.bytesTouchedPerToken)),
      ("s_mbu", .number(attainment.bandwidthShare)),
      ("s_mfu", .number(attainment.arithmeticShare)),
      ("joules_per_token", .number(isMeasured ? joules?.best : nil)),
      ("joules_per_token_low", .number(isMeasured ? joules?.low : nil)),
      ("joules_per_token_high", .number(isMeasured ? joules?.high : nil)),
      ("joules_per_token_estimated", .number(isMeasured ? nil : joules?.best)),
      ("joules_per_token_estimated_low", .number(isMeasured ? nil : joules?.low)),
      ("joules_per_token_estimated_high", .number(isMeasured ? nil : joules?.high)),
      ("energy_source", .text(result.samples.first?.energy.source ?? "")),
      ("status", .text(status.rawValue)),
      ("n_layers_measured", .integer(model.slice?.layersMeasured)),
      ("n_layers_total", .integer(model.slice?.layersTotal)),
      ("extrapolated_ts", .number(whole?.tokensPerSecond.best)),
      ("extrapolated_ci_low_ts", .number(whole?.tokensPerSecond.low)),
      ("extrapolated_ci_high_ts", .number(whole?.tokensPerSecond.high)),
    ]
  }

  private var rows: Rows {
    Rows(
      table: "moebench", rows: tests.map { row($0).map { (name: $0.0, cell: $0.1) } })
  }

  /// One JSON object a line, llama-bench's keys and sample lists included.
  public var lines: String {
    get throws(JSONError) {
      try rows.lines(adding: { index in
        let samples = tests[index].samples
        return [
          ("samples_ns", .array(samples.map { .numberOrNull(($0.seconds * 1e9).rounded()) })),
          ("samples_ts", .array(samples.map { .numberOrNull($0.tokensPerSecond) })),
        ]
      })
    }
  }

  /// RFC 4180, with a header; cells a spreadsheet would run as formulas are defused.
  public var csv: String { rows.csv }

  public var sql: String { rows.sql }

  public var markdown: String {
    let origin = tests.flatMap(\.samples).map(\.energy).origin?.rawValue
    let joules = origin.map { "J/token (\($0))" } ?? "J/token"
    var text =
      "| model | size | params | active | threads | test | t/s | \(Number.confidence) | \(joules) |\n"
    text += "| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: |\n"
    for result in tests {
      let summary = result.summary()
      let interval = summary?.interval.map {
        "\(Number.short($0.low)) … \(Number.short($0.high))"
      }
      let slice = model.slice.map { ", slice \($0.layersMeasured)/\($0.layersTotal)" } ?? ""
      let name = model.name.safeForTerminal.replacing("|", with: "\\|")
      text +=
        "| \(name) \(model.weightFormat)\(slice) | \(Number.bytes(Double(model.weightBytes)))"
        + " | \(Number.count(Double(model.totalParameters)))"
        + " | \(Number.count(Double(model.activeParameters))) | \(result.test.threads)"
        + " | \(result.test.label) | \(summary.map { Number.short($0.median) } ?? "-")"
        + " | \(interval ?? "-") | \(result.joulesPerToken.map { Number.short($0.best) } ?? "-") |\n"
    }
    // After the table, where llama-bench has its build.
    if let interruption { text += "\n\(interruption)\n" }
    return text
  }

  /// What a reader must know of a run that did not end by itself; nil for a complete one.
  var interruption: String? {
    guard status == .interrupted else { return nil }
    return Interruption.words(
      done: tests.reduce(0) { $0 + $1.samples.count }, planned: plannedSamples)
  }
}
