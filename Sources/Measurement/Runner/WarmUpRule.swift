// When is a program warm: consecutive rates agree, or patience ends.

/// The automatic warm-up's rule.
public struct WarmUpRule: Sendable, Equatable {
  /// Largest relative difference between the rates of consecutive runs that counts as stable.
  public var tolerance: Double
  public var minimumRuns: Int
  public var maximumRuns: Int
  /// No further run starts once this has passed, per test.
  public var maximumSeconds: Double

  public init(
    tolerance: Double = 0.02, minimumRuns: Int = 2, maximumRuns: Int = 10,
    maximumSeconds: Double = 10
  ) {
    self.tolerance = tolerance
    self.minimumRuns = minimumRuns
    self.maximumRuns = maximumRuns
    self.maximumSeconds = maximumSeconds
  }

  /// Whether to run again.
  package enum Decision: Equatable {
    case again
    /// `nil` where one slow run used up the time: nothing to compare it with.
    case done(stable: Bool?)
  }

  /// - Parameters:
  ///   - rates: Tokens per second of the runs so far.
  ///   - elapsed: Seconds spent on them.
  package func decide(rates: [Double], elapsed: Double) -> Decision {
    if rates.count >= max(2, minimumRuns), let last = rates.last {
      let previous = rates[rates.count - 2]
      if abs(last - previous) <= tolerance * max(abs(last), abs(previous)) {
        return .done(stable: true)
      }
    }
    guard rates.count >= maximumRuns || (!rates.isEmpty && elapsed >= maximumSeconds) else {
      return .again
    }
    return .done(stable: rates.count > 1 ? false : nil)
  }
}
