// Where the energy figures of a run come from, and what they amount to, in a document.

import Analysis
import CostModel
import Measurement
import StrictJSON

extension EnergyAccount {
  /// - Parameter energy: Of the tests the cost rests on; nil where nothing was priced.
  func json(_ energy: TokenEnergy?) -> JSONValue {
    object([
      ("source", .string(source)),
      ("provenance", .stringOrNull(provenance?.rawValue)),
      ("covers", .string(covers)),
      ("basis", .stringOrNull(basis)),
      (
        "passed_over",
        .array(
          passedOver.map {
            [
              "meter": .string($0.name), "code": .string($0.reason.fault.code),
              "reason": .string($0.reason.message),
            ]
          })
      ),
      ("idle", idle?.json ?? .null),
      ("idle_reason", .stringOrNull(idleReason)),
      ("prefill", energy?.prefill?.json ?? .null),
      ("decode", energy?.decode?.json ?? .null),
      ("joules_per_input_token", energy?.perInputToken?.json ?? .null),
      ("joules_per_output_token", energy?.perOutputToken?.json ?? .null),
      ("joules_per_total_token", energy?.perTotalToken?.json ?? .null),
    ])
  }
}

extension IdlePower {
  fileprivate var json: JSONValue {
    // Ranges know no calibration: what it gives stands in for a meter.
    let origin: EnergyProvenance = provenance == .calibrated ? .estimated : provenance
    return object([
      (
        "watts",
        object([
          ("value", .numberOrNull(watts.best)), ("ci_low", .numberOrNull(watts.low)),
          ("ci_high", .numberOrNull(watts.high)), ("provenance", .string(origin.rawValue)),
        ])
      ),
      ("source", .string(source)),
      ("seconds", .numberOrNull(seconds)),
      ("reason", .stringOrNull(reason)),
    ])
  }
}

extension TokenEnergy.Phase {
  fileprivate var json: JSONValue {
    object([
      ("test", .string(label)),
      ("joules_per_token", joulesPerToken.json),
      ("watts", watts.json),
      ("joules_per_token_above_idle", joulesPerTokenAboveIdle?.json ?? .null),
    ])
  }
}
