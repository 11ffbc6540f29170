// Numbers as people read them: a point, never a comma, and no more digits than mean something.

import Measurement

/// Formats numbers the same in every locale.
public enum Number {
  /// `digits` after the point.
  public static func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "-" }
    let factor = (0..<digits).reduce(1.0) { product, _ in product * 10 }
    let scaled = (abs(value) * factor).rounded()
    guard scaled < 1e18 else { return "\(value)" }
    let whole = UInt64(scaled)
    let sign = value < 0 && whole > 0 ? "-" : ""
    guard digits > 0 else { return sign + "\(whole)" }
    let unit = UInt64(factor)
    let fraction = String(whole % unit)
    return sign + "\(whole / unit)."
      + String(repeating: "0", count: digits - fraction.count) + fraction
  }

  /// About three significant digits, at least as many as the integer part has.
  public static func short(_ value: Double) -> String {
    let size = abs(value)
    if size == 0 { return "0" }
    if size >= 100 { return fixed(value, 0) }
    if size >= 10 { return fixed(value, 1) }
    if size >= 1 { return fixed(value, 2) }
    if size >= 0.1 { return fixed(value, 3) }
    if size >= 0.01 { return fixed(value, 4) }
    if size >= 0.001 { return fixed(value, 5) }
    if size >= 0.0001 { return fixed(value, 6) }
    return scientific(value, 2)
  }

  /// `2.86e-5`: `digits` after the point of the mantissa.
  private static func scientific(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, value != 0 else { return fixed(value, digits) }
    var (mantissa, exponent) = (value, 0)
    while abs(mantissa) < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    // 9.999 would be written as 10.00.
    let half = (0..<digits).reduce(0.5) { half, _ in half / 10 }
    if abs(mantissa) + half >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    return fixed(mantissa, digits) + "e\(exponent)"
  }

  /// Two significant digits, for the ends of a range.
  public static func rough(_ value: Double) -> String {
    if value != 0, abs(value) < 1e-5 { return scientific(value, 1) }
    var unit = 1.0
    var digits = 0
    while abs(value) * unit < 10, digits < 6 {
      unit *= 10
      digits += 1
    }
    return value == 0 ? "0" : fixed(value, digits)
  }

  /// `5.2 %`, `52 %`.
  public static func percent(_ share: Double) -> String {
    share < 0.095 ? fixed(share * 100, 1) + " %" : fixed(share * 100, 0) + " %"
  }

  /// How sure the intervals of results are, and those of comparisons.
  static let confidence = percent(ConfidenceInterval.defaultConfidence)
  static let interval = "\(confidence) interval"
  static let comparisonInterval = "\(percent(Comparison.defaultConfidence)) interval"

  /// `1.33 B`, `430 M`.
  public static func count(_ value: Double) -> String {
    switch abs(value) {
    case 1e12...: short(value / 1e12) + " T"
    case 1e9...: short(value / 1e9) + " B"
    case 1e6...: short(value / 1e6) + " M"
    default: fixed(value, 0)
    }
  }

  /// `1 thread`, `2 threads`.
  static func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
  }

  /// Decimal units, as memory and bandwidth are sold.
  public static func bytes(_ value: Double) -> String {
    switch abs(value) {
    case 1e12...: short(value / 1e12) + " TB"
    case 1e9...: short(value / 1e9) + " GB"
    case 1e6...: short(value / 1e6) + " MB"
    case 1e3...: short(value / 1e3) + " kB"
    default: fixed(value, 0) + " B"
    }
  }

  /// `250 ms`, `5.2 s`, `3 min 20 s`.
  public static func duration(_ seconds: Double) -> String {
    if seconds < 1 { return "\(Int((seconds * 1000).rounded())) ms" }
    if seconds < 100 { return fixed(seconds, seconds < 10 ? 1 : 0) + " s" }
    let whole = Int(min(seconds, 1e12).rounded())
    return "\(whole / 60) min \(whole % 60) s"
  }

  /// How long ago, in one unit: `3 h`.
  public static func age(_ seconds: Double) -> String {
    switch seconds {
    case ..<90: "\(fixed(max(seconds, 0), 0)) s"
    case ..<5400: "\(fixed(seconds / 60, 0)) min"
    case ..<172_800: "\(fixed(seconds / 3600, 0)) h"
    default: "\(fixed(seconds / 86400, 0)) days"
    }
  }
}
