// Counter against wall: ordinary least squares of wall watts on the counter's watts.

/// Why a calibration is not possible.
public enum CalibrationError: Error, Equatable, Sendable, CustomStringConvertible {
  case tooFewWindows(Int)
  case noSpread
  case noRelation(low: Double, high: Double)

  public var description: String {
    switch self {
    case .tooFewWindows(let count):
      "\(count) usable windows; at least \(Calibration.minimumWindows) at different loads are needed"
    case .noRelation(let low, let high):
      "the counter tells nothing of the wall's power: a slope from \(low) to \(high); "
        + "calibrate on a quiet machine"
    case .noSpread: "the counter read the same power in every window; vary the load"
    }
  }
}

/// Wall watts as `baseline + slope * counter watts`; both have 95 % intervals. Stored as its windows: the
/// fit is made anew from them.
public struct Calibration: Sendable, Equatable {
  public static let minimumWindows = 4

  /// Whether a fit of one run holds for another: the counters that are part of this machine. What a command, a
  /// recording or an address measures changes with its argument, which the meter's name does not tell.
  public static func applies(to meter: String) -> Bool {
    meter.hasPrefix("rapl-") || meter.hasPrefix("hwmon-") || meter == "battery"
  }

  /// One window's mean power by both meters.
  public struct Window: Sendable, Equatable {
    public let counterWatts: Double
    public let wallWatts: Double

    public init(counterWatts: Double, wallWatts: Double) {
      self.counterWatts = counterWatts
      self.wallWatts = wallWatts
    }
  }

  public let windows: Int
  /// What the counter does not see: fans, disks, memory, conversion at rest.
  public let baseline: WattsRange
  public let slope: WattsRange
  /// Residual standard deviation, watts.
  public let residual: Double
  private let meanCounter: Double
  private let spread: Double
  private let quantile: Double

  /// - Throws: `CalibrationError` where the windows cannot carry a line.
  public init(_ windows: [Window]) throws(CalibrationError) {
    let points = windows.filter {
      $0.counterWatts.isFinite && $0.wallWatts.isFinite && $0.counterWatts > 0 && $0.wallWatts > 0
    }
    let count = Double(points.count)
    guard points.count >= Self.minimumWindows,
      let meanX = Statistics.mean(points.map(\.counterWatts)),
      let meanY = Statistics.mean(points.map(\.wallWatts))
    else { throw .tooFewWindows(points.count) }
    let spread = points.reduce(0) { $0 + ($1.counterWatts - meanX) * ($1.counterWatts - meanX) }
    guard spread > 1e-9 * meanX * meanX else { throw .noSpread }
    let cross = points.reduce(0) { $0 + ($1.counterWatts - meanX) * ($1.wallWatts - meanY) }
    let best = cross / spread
    let offset = meanY - best * meanX
    let squares = points.reduce(0) {
      let error = $1.wallWatts - offset - best * $1.counterWatts
      return $0 + error * error
    }
    let residual = (squares / (count - 2)).squareRoot()
    let t = Distribution.studentQuantile(0.975, degreesOfFreedom: count - 2)
    let slopeError = t * residual / spread.squareRoot()
    let offsetError = t * residual * (1 / count + meanX * meanX / spread).squareRoot()
    guard best > slopeError else {
      // Plus 0: there is no -0.0 for a reader.
      func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 + 0 }
      throw .noRelation(low: rounded(best - slopeError), high: rounded(best + slopeError))
    }
    self.windows = points.count
    slope = WattsRange(low: best - slopeError, best: best, high: best + slopeError)
    baseline = WattsRange(low: offset - offsetError, best: offset, high: offset + offsetError)
    self.residual = residual
    meanCounter = meanX
    self.spread = spread
    quantile = Distribution.studentQuantile(0.95, degreesOfFreedom: count - 2)
  }

  /// Wall power at a counter's power: the line, with the 90 % interval of one further window's mean power.
  public func wallWatts(counterWatts: Double) -> WattsRange {
    let best = baseline.best + slope.best * counterWatts
    let distance = counterWatts - meanCounter
    let half =
      quantile * residual * (1 + 1 / Double(windows) + distance * distance / spread).squareRoot()
    return WattsRange(low: max(0, best - half), best: max(0, best), high: max(0, best + half))
  }
}

/// A counter meter whose readings are carried to the wall by a calibration.
public final class CalibratedMeter: EnergyMeter {
  public var name: String { "\(inner.name)+calibration" }
  public let provenance = EnergyProvenance.calibrated
  public let covers = "whole machine, by calibration against a wall meter"
  public let coverage = EnergyCoverage.machine
  public var shortestWindow: Double { inner.shortestWindow }
  private let inner: any EnergyMeter
  private let calibration: Calibration

  public init(_ inner: any EnergyMeter, calibration: Calibration) {
    self.inner = inner
    self.calibration = calibration
  }

  public func begin() { inner.begin() }

  public func end(_ window: EnergyWindow) -> EnergySample {
    let sample = inner.end(window)
    guard let joules = sample.joules.value else {
      return EnergySample(source: name, provenance: provenance, invalid: sample.invalidReasons)
    }
    let watts = calibration.wallWatts(counterWatts: joules / window.seconds)
    return EnergySample(source: name, provenance: provenance, watts: watts, window: window)
  }
}
