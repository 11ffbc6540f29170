// A number with its width and its origin: low, best, high and where it comes from.

/// Where a number comes from. Ordered from firm to loose; a combination is as loose as its loosest part.
public enum Provenance: String, Sendable, Hashable, CaseIterable, Comparable {
  /// Stated by the user, a contract or a dated source.
  case given
  /// Read from this machine: a clock, a counter, a meter.
  case measured
  /// Computed by a method that stands in for a meter.
  case estimated
  /// Carried beyond what was measured: a slice to the whole, one machine to another.
  case extrapolated

  private var looseness: Int {
    switch self {
    case .given: 0
    case .measured: 1
    case .estimated: 2
    case .extrapolated: 3
    }
  }

  public static func < (a: Provenance, b: Provenance) -> Bool { a.looseness < b.looseness }
}

/// A quantity as `low <= best <= high`. The unit stands in the name of what holds it.
public struct Estimate: Sendable, Hashable {
  public let low: Double
  public let best: Double
  public let high: Double
  public let provenance: Provenance

  /// Checks what came from outside.
  ///
  /// - Throws: `CostError.notANumber` or `.outOfOrder`.
  public init(
    low: Double, best: Double, high: Double, provenance: Provenance
  ) throws(CostError) {
    guard low.isFinite, best.isFinite, high.isFinite else {
      throw .notANumber(field: "low, best, high")
    }
    guard low <= best, best <= high else {
      throw .outOfOrder(low: low, best: best, high: high)
    }
    self.init(unchecked: low, best, high, provenance)
  }

  init(unchecked low: Double, _ best: Double, _ high: Double, _ provenance: Provenance) {
    self.low = low
    self.best = best
    self.high = high
    self.provenance = provenance
  }

  /// A value without width.
  public static func exactly(_ value: Double, _ provenance: Provenance = .given) -> Estimate {
    Estimate(unchecked: value, value, value, provenance)
  }

  /// A value with a multiplicative range, as the estimators of energy state theirs.
  public static func around(
    _ best: Double, low: Double, high: Double, _ provenance: Provenance
  ) throws(CostError) -> Estimate {
    try Estimate(low: best * low, best: best, high: best * high, provenance: provenance)
  }

  /// Three given values that the caller has put in order.
  public static func between(_ low: Double, _ best: Double, _ high: Double) -> Estimate {
    precondition(low <= best && best <= high, "\(low), \(best), \(high) do not rise")
    return Estimate(unchecked: low, best, high, .given)
  }

  /// The interval around a point: widened where rounding or sampling left the point outside.
  static func containing(
    _ point: Double, _ a: Double, _ b: Double, _ provenance: Provenance
  ) -> Estimate {
    Estimate(unchecked: min(point, a, b), point, max(point, a, b), provenance)
  }

  /// A point with bounds that are widened where they do not hold it; all three must be finite.
  public static func ordered(
    _ low: Double, _ best: Double, _ high: Double, _ provenance: Provenance
  ) -> Estimate {
    precondition(low.isFinite && best.isFinite && high.isFinite, "\(low), \(best), \(high)")
    return .containing(best, low, high, provenance)
  }

  /// Whether the whole range is the one value.
  public var isExact: Bool { low == high }

  /// Every bound times a positive factor.
  public func scaled(by factor: Double) -> Estimate {
    precondition(factor >= 0, "a scale of \(factor) would swap the bounds")
    return Estimate(unchecked: low * factor, best * factor, high * factor, provenance)
  }

  /// The sum of two quantities, by its widest bounds.
  public func plus(_ other: Estimate) -> Estimate {
    Estimate(
      unchecked: low + other.low, best + other.best, high + other.high,
      max(provenance, other.provenance))
  }

  /// The product of two independent quantities that are not negative, by its widest bounds.
  public func times(_ other: Estimate) -> Estimate {
    Estimate(
      unchecked: low * other.low, best * other.best, high * other.high,
      max(provenance, other.provenance))
  }

  /// The ratio of two independent positive quantities, by its widest bounds.
  public func divided(by other: Estimate) -> Estimate? {
    guard low >= 0, other.low > 0 else { return nil }
    return Estimate(
      unchecked: low / other.high, best / other.best, high / other.low,
      max(provenance, other.provenance))
  }
}
