// A peer in a document and on a terminal.

import Analysis
import CostModel
import Measurement
import StrictJSON

extension PeerReport {
  var json: JSONValue {
    object([
      ("name", .string(name)),
      ("version", .stringOrNull(version)),
      ("backends", .stringOrNull(backends)),
      ("tests", .array(tests.map(json(of:)))),
      ("cost", cost?.json ?? .null),
    ])
  }

  private func json(of test: Test) -> JSONValue {
    let joules = test.joulesPerToken.map { ($0.low, $0.best, $0.high) }
    let comparison = test.comparison
    return object([
      ("label", .string(test.test.label)),
      ("phase", .string(test.test.phase.rawValue)),
      ("n_prompt", JSONValue(test.test.promptTokens)),
      ("n_gen", JSONValue(test.test.generatedTokens)),
      ("n_depth", JSONValue(test.test.depth)),
      ("n_batch", JSONValue(test.test.batch)),
      ("n_threads", JSONValue(test.test.threads)),
      (
        "samples",
        .array(
          test.samples.map {
            object(
              [("seconds", .numberOrNull($0.seconds)), ("tokens", JSONValue($0.tokens))]
                + $0.energy.members)
          })
      ),
      ("tokens_per_second", test.summary?.json ?? .null),
      (
        "builtin_over_peer",
        comparison.map {
          object([
            ("value", .numberOrNull($0.ratio)), ("ci_low", .numberOrNull($0.low)),
            ("ci_high", .numberOrNull($0.high)), ("confidence", .numberOrNull($0.confidence)),
            ("verdict", .string($0.verdict.rawValue)),
          ])
        } ?? .null
      ),
      ("energy", energyOfTest(test.samples.map(\.energy), joulesPerToken: joules)),
    ])
  }

  func lines(_ style: Style, own: RunCost?) -> [String] {
    let about = [version, backends, "in turn with the built-in engine"].compactMap { $0 }
    var table = TextTable([.left, .right, .right, .left, .right])
    table.add([name, "tokens/s", "built-in is", Number.comparisonInterval, "J/token"])
    for test in tests {
      let comparison = test.comparison
      table.add([
        test.test.label, test.summary.map { Number.short($0.median) } ?? "-",
        comparison.map { "\(Number.short($0.ratio)) x" } ?? "-",
        interval(comparison), test.joulesPerToken.map { Number.short($0.best) } ?? "-",
      ])
    }
    var lines = table.headed(style)
    lines += wrapped("\(name): \(about.joined(separator: ", "))")
    let energies = tests.flatMap(\.samples).map(\.energy)
    if let figure = energies.first(where: { $0.origin != nil }) {
      lines += wrapped("\(name): energy \(figure.provenance.rawValue) by \(figure.source)")
    }
    if let cost, let own {
      for (phase, mine, other) in [
        ("input", own.input, cost.input), ("output", own.output, cost.output),
      ] {
        guard let mine = mine?.usdPerMillion.best, let other = other?.usdPerMillion.best else {
          continue
        }
        lines += wrapped(
          "$ per million \(phase) tokens: \(Number.short(mine)) with the built-in engine, "
            + "\(Number.short(other)) with \(name)")
      }
    }
    return lines
  }

  private func interval(_ comparison: Comparison?) -> String {
    guard let comparison, let low = comparison.low, let high = comparison.high else { return "" }
    // Of two unlike repetitions next to nothing follows, and its digits would fill the line.
    let range =
      (low < 0.001 ? "< 0.001" : Number.short(low)) + " … "
      + (high > 1000 ? "> 1000" : Number.short(high))
    return comparison.verdict == .withinNoise ? range + " (~)" : range
  }
}
