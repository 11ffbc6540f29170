// Power with its range, and the user's own figure for it.

/// Power, or a factor on it, with a 90 % range.
public struct WattsRange: Sendable, Equatable {
  public let low: Double
  public let best: Double
  public let high: Double

  public init(low: Double, best: Double, high: Double) {
    self.low = low
    self.best = best
    self.high = high
  }

  public static func + (a: WattsRange, b: WattsRange) -> WattsRange {
    WattsRange(low: a.low + b.low, best: a.best + b.best, high: a.high + b.high)
  }

  /// Each bound times the other's: both at their lowest, both at their highest.
  public static func * (a: WattsRange, b: WattsRange) -> WattsRange {
    WattsRange(low: a.low * b.low, best: a.best * b.best, high: a.high * b.high)
  }

  public static func * (a: WattsRange, factor: Double) -> WattsRange {
    WattsRange(low: a.low * factor, best: a.best * factor, high: a.high * factor)
  }
}

/// Why `--watts` is refused.
public struct WattsError: Error, Equatable, Sendable, CustomStringConvertible {
  public let text: String

  package init(text: String) { self.text = text }

  public var description: String {
    "--watts \"\(text.clipped)\": expected W or LOW,BEST,HIGH, rising, above 0 and at most 1000000"
  }
}

extension WattsRange {
  /// Reads `--watts`: one number, or low, best and high.
  public init(flag text: String) throws(WattsError) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let values = parts.compactMap { Double($0) }
    guard values.count == parts.count, values.count == 1 || values.count == 3,
      values.allSatisfy({ $0.isFinite && $0 > 0 && $0 <= 1e6 }), values == values.sorted()
    else { throw WattsError(text: text) }
    self.init(low: values[0], best: values[values.count / 2], high: values[values.count - 1])
  }
}

/// The user's own watts, taken at their word.
public final class GivenWattsMeter: EnergyMeter {
  public let name = "given-watts"
  public let provenance = EnergyProvenance.given
  public let covers = "what the user's --watts covers"
  private let watts: WattsRange

  public init(_ watts: WattsRange) { self.watts = watts }

  public func begin() {}

  public func end(_ window: EnergyWindow) -> EnergySample {
    EnergySample(source: name, provenance: provenance, watts: watts, window: window)
  }
}

extension EnergySample {
  /// Energy of constant power over the window.
  init(source: String, provenance: EnergyProvenance, watts: WattsRange, window: EnergyWindow) {
    guard window.seconds > 0 else {
      self.init(
        source: source, provenance: provenance,
        invalid: [EnergyReason(.windowTooShort, "no time passed")])
      return
    }
    let joules = watts * window.seconds
    self.init(
      source: source, provenance: provenance, joules: joules.best, low: joules.low,
      high: joules.high)
  }
}
