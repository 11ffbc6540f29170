// A linear or logarithmic axis: where a value lies, and which ticks to draw.

import Foundation

/// Maps values to a position and chooses ticks people can read.
struct Axis {
  let low: Double
  let high: Double
  let isLogarithmic: Bool
  /// Pixels of the two ends.
  let from: Double
  let to: Double

  /// An axis that holds all values, with room at the ends. Nil without a drawable value.
  init?(_ values: [Double], logarithmic: Bool, from: Double, to: Double) {
    let usable = values.filter { $0.isFinite && (!logarithmic || $0 > 0) }
    guard let least = usable.min(), let most = usable.max() else { return nil }
    if logarithmic {
      low = pow(10, floor(log10(least) * 2 - 0.2) / 2)
      high = max(pow(10, ceil(log10(most) * 2 + 0.2) / 2), low * 10)
    } else {
      low = min(0, least)
      high = most > low ? most * 1.08 : low + 1
    }
    guard low.isFinite, high.isFinite, high > low else { return nil }
    isLogarithmic = logarithmic
    self.from = from
    self.to = to
  }

  func position(_ value: Double) -> Double {
    let share =
      isLogarithmic
      ? (log10(max(value, low)) - log10(low)) / (log10(high) - log10(low))
      : (value - low) / (high - low)
    return from + min(max(share, 0), 1) * (to - from)
  }

  private static func fine(from first: Int, through last: Int) -> [Double] {
    (first...last).flatMap { power -> [Double] in
      let unit: Double = pow(10, Double(power))
      return [unit, 2 * unit, 5 * unit]
    }
  }

  /// At most about eight.
  var ticks: [Double] {
    if isLogarithmic {
      let first = Int(ceil(log10(low) - 1e-9))
      let last = Int(floor(log10(high) + 1e-9))
      guard last >= first - 1 else { return [low, high] }
      // Within two decades powers of ten alone leave a reader with one mark or none.
      if log10(high) - log10(low) < 2 {
        return Self.fine(from: first - 1, through: last).filter { tick in
          tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)
        }
      }
      let step = max(1, (last - first) / 7)
      return stride(from: first, through: last, by: step).map { pow(10, Double($0)) }
    }
    let span = (high - low) / 5
    let unit = pow(10, floor(log10(span)))
    let step = [1, 2, 5, 10].map { $0 * unit }.first { $0 >= span } ?? span
    return Array(stride(from: (low / step).rounded(.up) * step, through: high, by: step).prefix(12))
  }
}

extension Number {
  /// A tick: powers of ten stay readable.
  static func tick(_ value: Double) -> String {
    if value == 0 { return "0" }
    for (unit, name) in [(1e12, " T"), (1e9, " B"), (1e6, " M"), (1e3, " k")]
    where abs(value) >= max(unit, 1e4) {
      return tick(value / unit) + name
    }
    if abs(value) >= 10 { return fixed(value, 0) }
    var text = rough(value)
    while text.contains("."), text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }
}
