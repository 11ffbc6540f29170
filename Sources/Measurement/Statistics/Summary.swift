// The statistics of one test's samples, recomputable from the samples alone.

/// Summary of samples such as tokens per second.
public struct Summary: Sendable, Equatable {
  /// Finite samples that entered; others are counted in `excluded`.
  public let count: Int
  public let excluded: Int
  public let median: Double
  public let mean: Double
  public let minimum: Double
  public let maximum: Double
  /// Sample standard deviation; `nil` with one sample, as are the next three.
  public let standardDeviation: Double?
  /// Standard deviation over the mean.
  public let coefficientOfVariation: Double?
  /// Of the mean.
  public let standardError: Double?
  public let interval: ConfidenceInterval?
  /// In the order of the samples given.
  public let outliers: Outliers
  /// `nil` where it cannot be told.
  public let drift: Drift?

  /// - Parameters:
  ///   - values: The samples in the order they were taken.
  ///   - times: When each started, for the drift; empty where unknown.
  /// - Returns: `nil` where no sample is finite.
  public init?(_ values: [Double], times: [Double] = [], seed: UInt64 = 1) {
    let finite = values.filter(\.isFinite)
    let sorted = finite.sorted()
    guard let median = Statistics.quantile(sorted: sorted, 0.5),
      let mean = Statistics.mean(finite), mean.isFinite, let low = sorted.first,
      let high = sorted.last
    else { return nil }
    count = finite.count
    excluded = values.count - finite.count
    self.median = median
    self.mean = mean
    minimum = low
    maximum = high
    let deviation = Statistics.standardDeviation(finite)
    standardDeviation = deviation
    coefficientOfVariation = mean == 0 ? nil : deviation.map { $0 / abs(mean) }
    standardError = deviation.map { $0 / Double(finite.count).squareRoot() }
    interval = ConfidenceInterval.ofTypicalValue(finite, seed: seed)
    outliers = Outliers(values)
    drift = times.count == values.count ? Drift(times: times, values: values) : nil
  }

  /// Width of the interval relative to the median; `nil` where there is no interval.
  public var relativeWidth: Double? {
    guard let interval, median != 0 else { return nil }
    return (interval.high - interval.low) / abs(median)
  }
}
