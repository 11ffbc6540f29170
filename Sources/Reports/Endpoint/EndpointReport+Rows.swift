// A measured server as rows, one a level.

import Analysis
import Measurement

extension EndpointReport {
  public var rows: Rows {
    Rows(table: "moebench_endpoint", rows: levels.map(row))
  }

  private func row(_ level: LoadLevel) -> [(name: String, cell: Cell)] {
    let good = objective.flatMap(level.goodput)
    let tests = level.repeatsPrompts ? [] : ServiceTest.tests(of: level)
    var row: [(name: String, cell: Cell)] = [
      ("build_commit", .text(tool.commit)), ("test_time", .text(startedAt)),
      ("url", .text(service.url)), ("model", .text(service.model)), ("api", .text(service.api)),
      ("level", .text(level.arrivals.label + (level.repeatsPrompts ? " repeated" : ""))),
      ("sent", .integer(level.measured.count)), ("succeeded", .integer(level.succeeded.count)),
      ("failed", .integer(level.failed.count)), ("failure_share", .number(level.failureShare)),
      (
        "failures",
        .text(level.failureReasons.map { "\($0.code) \($0.count)" }.joined(separator: "; "))
      ),
      ("valid", .integer(level.isValid ? 1 : 0)),
      ("requests_per_second", .number(level.requestsPerSecond)),
      ("output_tokens_per_second", .number(level.outputTokensPerSecond)),
      ("goodput_requests_per_second", .number(good?.perSecond)),
      ("goodput_share", .number(good?.share)),
    ]
    for (name, values) in [
      ("ttft", level.timesToFirstToken), ("tpot", level.timesPerOutputToken), ("itl", level.gaps),
      ("e2e", level.endToEnd),
    ] {
      let all = Percentiles(values)
      row += [
        ("\(name)_mean_s", .number(all?.mean)), ("\(name)_p50_s", .number(all?.p50)),
        ("\(name)_p90_s", .number(all?.p90)), ("\(name)_p99_s", .number(all?.p99)),
      ]
    }
    for (name, phase) in [("prefill", Phase.prefill), ("decode", .decode)] {
      let test = tests.first { $0.phase == phase }
      row += [
        ("\(name)_tokens_per_second", .number(test?.summary?.median)),
        ("\(name)_joules_per_token", .number(test?.joulesPerToken?.best)),
        ("\(name)_energy_provenance", .text(test?.samples.map(\.energy).origin?.rawValue ?? "")),
      ]
    }
    row.append(("status", .text(status.rawValue)))
    return row
  }
}
