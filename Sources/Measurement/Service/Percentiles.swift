// The distribution of a latency, from every sample.

/// Percentiles of the whole sample, type 7 of Hyndman and Fan (1996).
public struct Percentiles: Sendable, Equatable {
  public let count: Int
  public let mean: Double
  public let minimum: Double
  public let p50: Double
  public let p90: Double
  public let p95: Double
  public let p99: Double
  public let maximum: Double

  /// - Returns: nil of nothing.
  public init?(_ values: [Double]) {
    let sorted = Statistics.finiteSorted(values)
    func quantile(_ p: Double) -> Double? { Statistics.quantile(sorted: sorted, p) }
    guard let mean = Statistics.mean(sorted), let low = sorted.first, let high = sorted.last,
      let p50 = quantile(0.5), let p90 = quantile(0.9), let p95 = quantile(0.95),
      let p99 = quantile(0.99)
    else { return nil }
    (count, self.mean, minimum, maximum) = (sorted.count, mean, low, high)
    (self.p50, self.p90, self.p95, self.p99) = (p50, p90, p95, p99)
  }
}
