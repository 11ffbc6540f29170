// Tests that could not be measured: left out and reported, the others go on.

import Inference
import Measurement
import Reports

extension RunOutcome {
  /// Without the tests that failed before their first repetition.
  var measured: [TestResult] {
    let failed = Set(failures.map(\.test))
    return results.filter { !$0.samples.isEmpty || !failed.contains($0.test) }
  }

  var failureWarnings: [RunReport.Warning] {
    failures.map { failed in
      .init(
        code: "test_failed",
        message: "\(failed.test.label) was left out or not finished: \(failed.error)")
    }
  }
}

extension RunOutcome<EngineError> {
  /// Whether a test met scores or weights that are no numbers.
  var hasNonFinite: Bool {
    failures.contains { if case .nonFinite = $0.error { true } else { false } }
  }
}
