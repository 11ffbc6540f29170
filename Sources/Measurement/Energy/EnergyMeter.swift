// One protocol for every source of energy figures, counters and estimates alike.

/// What the runner tells a meter about the window that it closes.
public struct EnergyWindow: Sendable {
  /// Length by the monotonic clock.
  public let seconds: Double
  /// Busy share of all CPUs during the window.
  public let utilisation: Reading<Double>
  /// Share of all CPUs that this process used.
  public let ownUtilisation: Double

  public init(seconds: Double, utilisation: Reading<Double>, ownUtilisation: Double) {
    self.seconds = seconds
    self.utilisation = utilisation
    self.ownUtilisation = ownUtilisation
  }
}

/// A source of energy figures. One window is open at a time.
public protocol EnergyMeter: AnyObject, Sendable {
  /// Stable name such as `rapl-powercap`, shown as the source.
  var name: String { get }
  var provenance: EnergyProvenance { get }
  /// What the figure includes, for people: "CPU packages and DRAM".
  var covers: String { get }

  /// Opens a window just before the timed work.
  func begin()
  /// Closes it just after.
  func end(_ window: EnergyWindow) -> EnergySample
}
