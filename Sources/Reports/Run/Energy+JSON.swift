// Energy in a document: what was measured in its own fields, an estimate beside them and labelled.

import Analysis
import CostModel
import Measurement
import StrictJSON

extension EnergySample {
  /// `joules` is null unless a meter measured it; an estimate stands in `joules_estimated`.
  var members: [(String, JSONValue)] {
    let isMeasured = provenance == .measured
    let estimate: JSONValue
    switch (isMeasured, joules.value, low, high) {
    case (false, .some(let best), .some(let low), .some(let high)):
      estimate = object([
        ("low", .numberOrNull(low)), ("value", .numberOrNull(best)), ("high", .numberOrNull(high)),
      ])
    default: estimate = .null
    }
    return [
      ("joules", .numberOrNull(isMeasured ? joules.value : nil)),
      ("joules_low", .numberOrNull(isMeasured ? low : nil)),
      ("joules_high", .numberOrNull(isMeasured ? high : nil)),
      (
        "joules_reason",
        .stringOrNull(isMeasured ? joules.reason : joules.reason ?? "not measured: \(source)")
      ),
      ("joules_estimated", estimate),
    ]
  }
}

/// A test's energy: the measured fields, and beside them what stands in for a meter.
///
/// - Parameters:
///   - samples: Of the test; the first tells the source.
///   - joules: Per token, from the samples.
func energyOfTest(
  _ samples: [EnergySample], joulesPerToken joules: (low: Double, best: Double, high: Double)?
) -> JSONValue {
  // A repetition without a figure tells nothing of how the others' were obtained.
  let energy = samples.first { $0.joules.value != nil } ?? samples.first
  let isMeasured = energy?.provenance == .measured
  let measured = isMeasured ? joules : nil
  let estimate = isMeasured ? nil : joules
  let reasons = reasonsOfEnergy(samples, standIn: estimate == nil ? nil : energy)
  let provenance = measured == nil && estimate == nil ? nil : energy?.provenance
  return object([
    ("source", .stringOrNull(energy?.source)),
    ("provenance", .stringOrNull(provenance?.rawValue)),
    ("joules_per_token", .numberOrNull(measured?.best)),
    ("ci_low", .numberOrNull(measured?.low)),
    ("ci_high", .numberOrNull(measured?.high)),
    ("power_valid", .bool(measured != nil && reasons.isEmpty)),
    ("power_invalid_reasons", .array(reasons.map { .string($0.fault.code) })),
    (
      "reason",
      .stringOrNull(reasons.first?.message ?? (measured == nil ? "nothing was measured" : nil))
    ),
    (
      "estimated",
      estimate.map { estimate in
        object([
          ("method", .stringOrNull(energy?.source)),
          ("joules_per_token", .numberOrNull(estimate.best)),
          ("low", .numberOrNull(estimate.low)), ("high", .numberOrNull(estimate.high)),
        ])
      } ?? .null
    ),
  ])
}

/// Why the measured fields are null or doubtful, each reason once; first that something stands in for a meter.
private func reasonsOfEnergy(_ samples: [EnergySample], standIn: EnergySample?) -> [EnergyReason] {
  var reasons: [EnergyReason] = []
  if let standIn {
    reasons.append(
      standIn.provenance == .calibrated
        ? EnergyReason(.calibrated, "not measured at the wall: \(standIn.source)")
        : EnergyReason(.noMeter, "no meter: \(standIn.source)"))
  }
  for reason in samples.flatMap(\.invalidReasons) where !reasons.contains(reason) {
    reasons.append(reason)
  }
  return reasons
}

extension RunReport {
  func energy(of result: TestResult) -> JSONValue {
    let joules = result.joulesPerToken.map { ($0.low, $0.best, $0.high) }
    return energyOfTest(result.samples.map(\.energy), joulesPerToken: joules)
  }

  /// Of the tests the cost rests on; nil where nothing was priced.
  var tokenEnergy: TokenEnergy? {
    cost.map { cost in
      TokenEnergy(cost, idleWatts: cost.basis.assumptions.idleWatts)
    }
  }
}
