// Two results test by test: ratio, interval, verdict, and every difference that makes them unlike.

import Analysis
import Measurement
import Models
import StrictJSON

/// A candidate against a baseline.
public struct ResultComparison: Sendable {
  public static let schema = "moebench.comparison/1"

  /// One test both results have.
  public struct Row: Sendable {
    public let label: String
    public let baseline: Summary
    public let candidate: Summary
    public let comparison: Comparison
  }

  public let baseline: StoredResult
  public let candidate: StoredResult
  public let threshold: Double
  public let rows: [Row]
  /// Labels of tests only one side has, or that have no rate.
  public let unmatched: [String]
  /// Differences between machines, models, engines and assumptions.
  public let warnings: [String]

  /// - Parameter threshold: Smallest loss of speed that counts as a regression: 0.05 is 5 %.
  public init(baseline: StoredResult, candidate: StoredResult, threshold: Double) {
    self.baseline = baseline
    self.candidate = candidate
    self.threshold = threshold
    let pairing = TestPairing(baseline.tests, candidate.tests)
    var rows: [Row] = []
    var unmatched: [String] = []
    var warnings = Self.differences(baseline, candidate)
    for (test, other) in pairing.pairs {
      let label = pairing.label(test, other)
      guard let a = test.summary, let b = other.summary,
        let comparison = Comparison(
          baseline: test.tokensPerSecond, candidate: other.tokensPerSecond)
      else {
        unmatched.append("\(label) (no rate)")
        continue
      }
      rows.append(Row(label: label, baseline: a, candidate: b, comparison: comparison))
      if test.threads != other.threads {
        let counts = [test, other].map { $0.threads.map(String.init) ?? "unknown" }
        warnings.append("\(test.label): threads differ: \(counts[0]) and \(counts[1])")
      }
    }
    self.rows = rows
    self.unmatched =
      unmatched + pairing.baselineOnly.map { "\(pairing.label($0)) (baseline)" }
      + pairing.candidateOnly.map { "\(pairing.label($0)) (candidate)" }
    self.warnings = warnings
  }

  public var regressions: [Row] {
    rows.filter { $0.comparison.isRegression(threshold: threshold) }
  }

  /// Tests in which even a loss beyond the threshold may look like noise.
  public var blind: [Row] {
    rows.filter { row in
      switch row.comparison.verdict {
      case .better, .worse: false
      case .withinNoise, .undetermined: (row.comparison.smallestLoss ?? 1) > threshold
      }
    }
  }

  private static func differences(_ a: StoredResult, _ b: StoredResult) -> [String] {
    var warnings: [String] = []
    func differ(_ name: String, _ x: String?, _ y: String?) {
      guard x != y else { return }
      warnings.append("\(name) differs: \(x ?? "unknown") and \(y ?? "unknown")")
    }
    differ("processor", a.machine.cpu, b.machine.cpu)
    differ(
      "processor count", a.machine.logicalCores.map(String.init),
      b.machine.logicalCores.map(String.init))
    differ(
      "memory", a.machine.memoryBytes.map { Number.bytes($0) },
      b.machine.memoryBytes.map { Number.bytes($0) })
    differ("virtualisation", a.machine.virtualisation, b.machine.virtualisation)
    differ("count of nodes", "\(a.nodes)", "\(b.nodes)")
    differ("model", a.model.name, b.model.name)
    differ("weight format", a.model.weightFormat, b.model.weightFormat)
    differ("source of weights", a.model.source, b.model.source)
    differ("engine", a.engine.name, b.engine.name)
    differ("instruction set", a.engine.instructionSet, b.engine.instructionSet)
    for line in a.assumptions {
      guard let other = b.assumptions.first(where: { $0.name == line.name }) else { continue }
      differ(
        "assumption \(line.name)", "\(Number.short(line.value.best)) \(line.unit)",
        "\(Number.short(other.value.best)) \(other.unit)")
    }
    for result in [a, b] where result.status == .interrupted {
      warnings.append("\(result.file) was interrupted: \(result.samplesDone) repetitions")
    }
    return warnings
  }
}
