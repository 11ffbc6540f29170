// Trend over the course of a run: Mann-Kendall test with the Theil-Sen slope (Sen 1968).

/// Whether samples rise or fall with time, and by how much.
public struct Drift: Sendable, Equatable {
  /// Change over the whole run relative to the median: 0.05 is a rise of 5 %.
  public let relativeChange: Double
  private static let pointLimit = 400

  /// Two-sided, normal approximation with ties and continuity correction (Kendall 1975).
  public let pValue: Double

  /// A trend that chance rarely makes and that is large enough to matter.
  public var isNotable: Bool { pValue < 0.05 && abs(relativeChange) > 0.01 }

  /// - Parameters:
  ///   - times: When each sample started, seconds.
  ///   - values: The samples, `[times.count]`.
  /// - Returns: `nil` below 4 samples, or where times or values do not vary.
  public init?(times: [Double], values: [Double]) {
    let all = zip(times, values).filter { $0.isFinite && $1.isFinite }
    // Every pair is looked at: of thousands an even selection shows the same trend.
    let step = (all.count + Self.pointLimit - 1) / Self.pointLimit
    let points = step > 1 ? stride(from: 0, to: all.count, by: step).map { all[$0] } : Array(all)
    guard points.count >= 4, let median = Statistics.median(points.map(\.1)), median != 0,
      let first = points.map(\.0).min(), let last = points.map(\.0).max(), last > first
    else { return nil }
    var slopes: [Double] = []
    var score = 0
    for (index, a) in points.enumerated() {
      for b in points[(index + 1)...] where b.0 != a.0 {
        slopes.append((b.1 - a.1) / (b.0 - a.0))
        score += slopes[slopes.count - 1].sign(zero: 0)
      }
    }
    guard let slope = Statistics.median(slopes) else { return nil }
    guard let p = Self.pValue(score: score, values: points.map(\.1)) else { return nil }
    relativeChange = slope * (last - first) / abs(median)
    pValue = p
  }

  private static func pValue(score: Int, values: [Double]) -> Double? {
    let n = Double(values.count)
    var ties: [Double: Double] = [:]
    for value in values { ties[value, default: 0] += 1 }
    let tied = ties.values.reduce(0) { $0 + $1 * ($1 - 1) * (2 * $1 + 5) }
    let variance = (n * (n - 1) * (2 * n + 5) - tied) / 18
    guard variance > 0 else { return nil }
    let corrected = max(0, Double(abs(score)) - 1)
    return min(1, 2 * Distribution.normalCDF(-corrected / variance.squareRoot()))
  }
}

extension Double {
  fileprivate func sign(zero: Int) -> Int { self > 0 ? 1 : self < 0 ? -1 : zero }
}
