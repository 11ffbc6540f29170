// The normal and Student's t distribution: cumulative functions and their inverses.

import Foundation

/// Distribution functions that an interval needs; accurate to about 1e-12.
package enum Distribution {
  /// P(Z <= z) of the standard normal.
  package static func normalCDF(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }

  /// z with P(Z <= z) = p; infinite at 0 and 1.
  package static func normalQuantile(_ p: Double) -> Double {
    if p <= 0 { return -.infinity }
    if p >= 1 { return .infinity }
    return invert(p, in: -40...40, normalCDF)
  }

  /// P(T <= t) of Student's t, by the incomplete beta function (Abramowitz and Stegun 26.7.1).
  package static func studentCDF(_ t: Double, degreesOfFreedom: Double) -> Double {
    let x = degreesOfFreedom / (degreesOfFreedom + t * t)
    let tail = 0.5 * incompleteBeta(x, degreesOfFreedom / 2, 0.5)
    return t > 0 ? 1 - tail : tail
  }

  /// t with P(T <= t) = p.
  package static func studentQuantile(_ p: Double, degreesOfFreedom: Double) -> Double {
    if p < 0.5 { return -studentQuantile(1 - p, degreesOfFreedom: degreesOfFreedom) }
    var upper = 8.0
    while studentCDF(upper, degreesOfFreedom: degreesOfFreedom) < p && upper < 1e9 { upper *= 8 }
    return invert(p, in: 0...upper) { studentCDF($0, degreesOfFreedom: degreesOfFreedom) }
  }

  /// Bisection: slow beside a rational fit, but without a table of constants to get wrong.
  private static func invert(
    _ p: Double, in range: ClosedRange<Double>, _ function: (Double) -> Double
  ) -> Double {
    var low = range.lowerBound
    var high = range.upperBound
    for _ in 0..<200 where high - low > 1e-14 * max(1, abs(low)) {
      let middle = 0.5 * (low + high)
      if function(middle) < p { low = middle } else { high = middle }
    }
    return 0.5 * (low + high)
  }

  /// I_x(a, b) by Lentz's continued fraction (Abramowitz and Stegun 26.5.8).
  private static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
    let logFront =
      logGamma(a + b) - logGamma(a) - logGamma(b) + a * Foundation.log(x)
      + b * Foundation.log1p(-x)
    return exp(logFront) * betaFraction(x, a, b) / a
  }

  private static func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let tiny = 1e-300
    func guarded(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / guarded(1 - (a + b) * x / (a + 1))
    var fraction = d
    for step in 1...500 {
      let m = Double(step)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 / guarded(1 + even * d)
      c = guarded(1 + even / c)
      fraction *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 / guarded(1 + odd * d)
      c = guarded(1 + odd / c)
      fraction *= d * c
      if abs(d * c - 1) < 1e-15 { break }
    }
    return fraction
  }

  /// Stirling's series after shifting the argument to 10 or more; libm's `lgamma` writes a global.
  private static func logGamma(_ x: Double) -> Double {
    var shift = 0.0
    var z = x
    while z < 10 {
      shift += Foundation.log(z)
      z += 1
    }
    let inverse = 1 / (z * z)
    let series =
      (1.0 / 12 - inverse * (1.0 / 360 - inverse * (1.0 / 1260 - inverse / 1680))) / z
    return (z - 0.5) * Foundation.log(z) - z + 0.5 * Foundation.log(2 * .pi) + series - shift
  }
}
