// A comparison as a table in benchstat's manner, and as a document.

import Measurement
import StrictJSON

extension ResultComparison {
  public var json: JSONValue {
    object([
      ("schema", .string(Self.schema)),
      ("baseline", baseline.reference),
      ("candidate", candidate.reference),
      ("threshold", .numberOrNull(threshold)),
      ("regression", .bool(!regressions.isEmpty)),
      ("tests", .array(rows.map(json(of:)))),
      ("unmatched", .array(unmatched.map { .string($0) })),
      ("warnings", .array(warnings.map { .string($0) })),
    ])
  }

  private func json(of row: Row) -> JSONValue {
    let comparison = row.comparison
    return object([
      ("label", .string(row.label)),
      ("baseline_tokens_per_second", .numberOrNull(row.baseline.median)),
      ("candidate_tokens_per_second", .numberOrNull(row.candidate.median)),
      ("ratio", .numberOrNull(comparison.ratio)),
      ("ci_low", .numberOrNull(comparison.low)),
      ("ci_high", .numberOrNull(comparison.high)),
      ("confidence", .numberOrNull(comparison.confidence)),
      ("noise_floor", .numberOrNull(comparison.noiseFloor)),
      ("smallest_loss", .numberOrNull(comparison.smallestLoss)),
      ("verdict", .string(comparison.verdict.rawValue)),
      ("regression", .bool(comparison.isRegression(threshold: threshold))),
    ])
  }

  /// Columns as benchstat prints them: tokens/s of both with their spread, and the change; `~` where
  /// no difference can be claimed.
  public func text(_ style: Style = .plain) -> String {
    var table = TextTable([.left, .right, .left, .right, .left, .left, .left])
    table.add(["tokens/s", "baseline", "", "candidate", "", "change", Number.comparisonInterval])
    for row in rows {
      table.add([
        row.label, Number.short(row.baseline.median), spread(row.baseline),
        Number.short(row.candidate.median), spread(row.candidate), change(row.comparison),
        interval(row),
      ])
    }
    var lines = table.headed(style)
    lines += wrapped("baseline: \(baseline.file), candidate: \(candidate.file)")
    if !unmatched.isEmpty {
      lines += wrapped("Not compared: \(unmatched.joined(separator: ", "))")
    }
    let lost = regressions.map(\.label).joined(separator: ", ")
    let verdict =
      regressions.isEmpty
      ? "No regression beyond \(Number.percent(threshold))."
      : "Regression beyond \(Number.percent(threshold)): \(lost)."
    lines += wrapped(verdict).map(style.bold)
    if let limits { lines += wrapped(limits) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// What the absence of a claim does not say.
  private var limits: String? {
    let unseen = blind.map { row in
      row.comparison.smallestLoss.map { "below \(Number.percent($0)) in \(row.label)" }
        ?? "of any size in \(row.label)"
    }
    guard !unseen.isEmpty else { return nil }
    return
      "A loss \(unseen.joined(separator: ", ")) would have looked like noise: more repetitions "
      + "(-r) on both sides, or a quieter machine, show more."
  }

  private func spread(_ summary: Summary) -> String {
    summary.relativeWidth.map { "± \(Number.percent($0 / 2))" } ?? "± ∞"
  }

  private func change(_ comparison: Comparison) -> String {
    switch comparison.verdict {
    case .withinNoise: "~"
    case .undetermined: "?"
    case .better, .worse: signed(comparison.ratio - 1) + " " + comparison.verdict.rawValue
    }
  }

  private func interval(_ row: Row) -> String {
    let count = "n=\(row.baseline.count)+\(row.candidate.count)"
    guard let low = row.comparison.low, let high = row.comparison.high else {
      return "(\(count): too few)"
    }
    return "\(signed(low - 1)) … \(signed(high - 1)) (\(count))"
  }

  private func signed(_ share: Double) -> String {
    (share < 0 ? "-" : "+") + Number.fixed(abs(share) * 100, 1) + " %"
  }
}
