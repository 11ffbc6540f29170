// Which warnings a run deserves, by fixed bounds.

extension RunWarning {
  /// Bounds above which a warning is given; those of the project's robustness criteria.
  public enum Bound {
    public static let steal = 0.01
    public static let frequencyDrift = 0.05
    /// Share of all CPU time used by others.
    public static let neighbour = 0.10
    public static let intervalWidth = 0.10
    /// Fewer jiffies than this say nothing about shares.
    public static let minimumSeconds = 0.5
  }

  /// Warnings of the whole run, the machine's first, then each test's in the plan's order.
  public static func detect<Failure>(in outcome: RunOutcome<Failure>) -> [RunWarning] {
    var warnings: [RunWarning] = []
    if outcome.status == .interrupted {
      warnings.append(.interrupted(done: outcome.doneSamples, planned: outcome.plannedSamples))
    }
    warnings += detect(
      in: outcome.disturbance, samples: outcome.results.flatMap(\.samples),
      seconds: outcome.lastCounters.time - outcome.firstCounters.time)
    for result in outcome.results where !result.samples.isEmpty {
      warnings += detect(in: result)
    }
    return warnings
  }

  /// A neighbour's share of the time of the samples alone, for runs between whose samples another program of ours ran.
  public static func busyNeighbour(during samples: [Sample]) -> RunWarning? {
    let known = samples.compactMap { sample in
      sample.disturbance.otherUtilisation.value.map { (seconds: sample.seconds, share: $0) }
    }
    let seconds = known.reduce(0) { $0 + $1.seconds }
    guard seconds >= Bound.minimumSeconds else { return nil }
    let share = known.reduce(0) { $0 + $1.seconds * $1.share } / seconds
    return share > Bound.neighbour ? .busyNeighbour(utilisation: share) : nil
  }

  private static func detect(
    in whole: Disturbance, samples: [Sample], seconds: Double
  ) -> [RunWarning] {
    var warnings: [RunWarning] = []
    if seconds >= Bound.minimumSeconds {
      if let steal = whole.stealFraction.value, steal > Bound.steal {
        warnings.append(.steal(fraction: steal))
      }
      if let others = whole.otherUtilisation.value, others > Bound.neighbour {
        warnings.append(.busyNeighbour(utilisation: others))
      }
    }
    if let held = whole.cgroupThrottledSeconds.value, held > 0 {
      warnings.append(.throttledByQuota(seconds: held))
    }
    if let events = whole.thermalThrottles.value, events > 0 {
      warnings.append(.throttledByHeat(events: events))
    }
    let faults = samples.reduce(0) { $0 + $1.disturbance.majorFaults }
    if faults > 0 { warnings.append(.majorFaults(count: faults)) }
    return warnings + frequencyDrift(samples)
  }

  /// Between the fastest and the slowest clock seen at the ends of samples, all of them busy; the
  /// idle clock before the first says nothing.
  private static func frequencyDrift(_ samples: [Sample]) -> [RunWarning] {
    let clocks = samples.sorted { $0.startOffset < $1.startOffset }
      .compactMap(\.disturbance.frequencyMHz.value)
    guard let first = clocks.first,
      let furthest = clocks.max(by: { abs($0 - first) < abs($1 - first) }),
      abs(furthest - first) > Bound.frequencyDrift * first
    else { return [] }
    return [.frequencyDrift(fromMHz: first, toMHz: furthest)]
  }

  private static func detect(in result: TestResult) -> [RunWarning] {
    let label = result.test.label
    guard let summary = result.summary() else { return [.notMeasurable(label: label)] }
    var warnings: [RunWarning] = []
    if result.warmUpWasStable == false {
      warnings.append(.unstableWarmUp(label: label, runs: result.warmUp.count))
    }
    if let drift = summary.drift, drift.isNotable {
      warnings.append(
        .drift(label: label, relativeChange: drift.relativeChange, pValue: drift.pValue))
    }
    let severe = summary.outliers.count(.lowSevere) + summary.outliers.count(.highSevere)
    if summary.outliers.total > 0 {
      warnings.append(
        .outliers(
          label: label, mild: summary.outliers.total - severe, severe: severe,
          of: summary.count))
    }
    if let width = summary.relativeWidth, width > Bound.intervalWidth {
      warnings.append(.wideInterval(label: label, relativeWidth: width))
    }
    return warnings + energy(label, result.samples)
  }

  /// One warning a kind of fault; "no meter" is a state, not a disturbance.
  private static func energy(_ label: String, _ samples: [Sample]) -> [RunWarning] {
    var seen: Set<EnergyFault> = []
    return samples.flatMap(\.energy.invalidReasons)
      .filter { $0.fault != .noMeter && seen.insert($0.fault).inserted }
      .map { .energyInvalid(label: label, reason: $0) }
  }
}
