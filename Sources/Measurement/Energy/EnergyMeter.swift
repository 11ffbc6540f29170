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

/// What part of a machine a meter sees.
public enum EnergyCoverage: Sendable {
  /// All of it, at the wall or at a supply's input.
  case machine
  /// Processors, with or without memory: less than the machine, and behind its power supply.
  case processor
  /// What the user's own meter is put around, or an estimator claims.
  case unknown

  /// Of a meter by its name, as documents keep it.
  public static func isBehindSupply(_ source: String) -> Bool {
    let names = ["rapl-powercap", "rapl-perf", "hwmon-amd_energy", "powermetrics"]
    return names.contains(source)
  }
}

/// A source of energy figures. One window is open at a time.
public protocol EnergyMeter: AnyObject, Sendable {
  /// Stable name such as `rapl-powercap`, shown as the source.
  var name: String { get }
  var provenance: EnergyProvenance { get }
  /// What the figure includes, for people: "CPU packages and DRAM".
  var covers: String { get }
  var coverage: EnergyCoverage { get }
  /// Windows shorter than this are not resolved, seconds.
  var shortestWindow: Double { get }

  /// Opens a window just before the timed work.
  func begin()
  /// Closes it just after.
  func end(_ window: EnergyWindow) -> EnergySample
}

/// Of what resolves any window and does not say what it sees.
extension EnergyMeter {
  public var coverage: EnergyCoverage { .unknown }
  public var shortestWindow: Double { 0 }
}
