// What disturbed a run, as named facts with advice.

/// A reason to trust a result less. `code` is stable, `message` is for people.
public enum RunWarning: Sendable, Equatable {
  case interrupted(done: Int, planned: Int)
  case steal(fraction: Double)
  case throttledByQuota(seconds: Double)
  case throttledByHeat(events: Int)
  case majorFaults(count: Int)
  case frequencyDrift(fromMHz: Double, toMHz: Double)
  case busyNeighbour(utilisation: Double)
  case drift(label: String, relativeChange: Double, pValue: Double)
  case outliers(label: String, mild: Int, severe: Int, of: Int)
  case wideInterval(label: String, relativeWidth: Double)
  case unstableWarmUp(label: String, runs: Int)
  case notMeasurable(label: String)
  case energyInvalid(label: String, reason: EnergyReason)

  public var code: String {
    switch self {
    case .interrupted: "interrupted"
    case .steal: "steal"
    case .throttledByQuota: "throttled_by_quota"
    case .throttledByHeat: "throttled_by_heat"
    case .majorFaults: "major_faults"
    case .frequencyDrift: "frequency_drift"
    case .busyNeighbour: "busy_neighbour"
    case .drift: "drift"
    case .outliers: "outliers"
    case .wideInterval: "wide_interval"
    case .unstableWarmUp: "unstable_warm_up"
    case .notMeasurable: "not_measurable"
    case .energyInvalid: "energy_invalid"
    }
  }
}

extension RunWarning: CustomStringConvertible {
  public var description: String { message }

  public var message: String {
    switch self {
    case .interrupted(let done, let planned): "interrupted, \(done) of \(planned) repetitions"
    case .steal(let fraction):
      "the hypervisor gave \(percent(fraction)) of the CPU time to others (steal time)"
    case .throttledByQuota(let seconds):
      "the control group's CPU quota held the run back for \(decimal(seconds)) s"
    case .throttledByHeat(let events): "\(events) thermal throttle events during the run"
    case .majorFaults(let count):
      "\(count) major page faults while warm: memory is short or weights came from disk"
    case .frequencyDrift(let from, let to):
      "CPU frequency went from \(Int(from)) to \(Int(to)) MHz during the run"
    case .busyNeighbour(let share):
      "other processes used \(percent(share)) of the CPU time; close them and repeat"
    case .drift(let label, let change, _):
      "\(label): the rate \(change > 0 ? "rose" : "fell") by \(percent(abs(change))) over the run"
    case .outliers(let label, let mild, let severe, let count):
      "\(label): \(mild + severe) of \(count) samples are outliers (\(severe) severe)"
    case .wideInterval(let label, let width):
      "\(label): the interval is \(percent(width)) of the median wide; more repetitions help"
    case .unstableWarmUp(let label, let runs):
      "\(label): the rate was not stable after \(runs) warm-up runs"
    case .notMeasurable(let label): "\(label): no sample has a rate"
    case .energyInvalid(let label, let reason): "\(label): no energy figure: \(reason.message)"
    }
  }

  private func percent(_ fraction: Double) -> String { "\(decimal(fraction * 100)) %" }

  /// One decimal, with a point in every locale.
  private func decimal(_ value: Double) -> String {
    guard let tenths = Int(exactly: (value * 10).rounded()) else { return "\(value)" }
    return "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
  }
}
