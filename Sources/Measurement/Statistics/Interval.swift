// Confidence intervals: Student's t for few samples, BCa bootstrap (Efron 1987) for more.

import Foundation

/// A confidence interval and how it was made.
public struct ConfidenceInterval: Sendable, Equatable {
  /// How an interval was made, and of which centre.
  public enum Method: String, Sendable {
    /// Of the mean (Student 1908).
    case studentT = "student_t_mean"
    /// Of the geometric mean: where the mean's interval would reach below zero, which a rate cannot.
    case studentTOfLogarithms = "student_t_geometric_mean"
    /// Of the median, bias-corrected and accelerated (Efron 1987; DiCiccio and Efron 1996).
    case bootstrap = "bootstrap_bca_median"
    /// Of the median, by ranks (Hahn and Meeker 1991): of so many samples nothing has to be drawn.
    case orderStatistics = "order_statistics_median"
  }

  public let low: Double
  public let high: Double
  /// 0.95 for a 95 % interval.
  public let confidence: Double
  public let method: Method
}

extension ConfidenceInterval {
  /// Up to here the t interval of the mean always holds the median too, as |mean - median| is at
  /// most one population standard deviation (Hotelling and Solomons 1932) and
  /// t(0.975, n - 1) / sqrt(n) >= sqrt((n - 1) / n) for n <= 6; and a bootstrap of so few values
  /// is too narrow.
  package static let studentLimit = 6
  /// Of every interval but those of comparisons.
  public static let defaultConfidence = 0.95
  package static let resamples = 2000
  /// From here on ranks tell as much as resampling, which would take seconds at the end of a run of thousands.
  package static let bootstrapLimit = 300

  /// The interval of the typical value of the samples; `nil` below two of them.
  ///
  /// - Parameters:
  ///   - values: Finite samples in any order.
  ///   - seed: Seeds the resampling, so that a result can be recomputed exactly.
  /// - Complexity: O(resamples · n log n) up to ``bootstrapLimit`` samples, O(n log n) beyond.
  public static func ofTypicalValue(
    _ values: [Double], confidence: Double = defaultConfidence, seed: UInt64 = 1
  ) -> ConfidenceInterval? {
    guard values.count > 1 else { return nil }
    if values.count <= studentLimit {
      guard let plain = studentT(values, confidence: confidence) else { return nil }
      return plain.low > 0 || values.contains { $0 <= 0 }
        ? plain : studentTOfLogarithms(values, confidence: confidence)
    }
    guard values.count <= bootstrapLimit else { return ranks(values, confidence: confidence) }
    return bootstrapMedian(values, confidence: confidence, seed: seed)
  }

  /// The order statistics between which the median lies; the normal approximation of the binomial, rounded outwards.
  private static func ranks(_ values: [Double], confidence: Double) -> ConfidenceInterval? {
    let sorted = values.sorted()
    let count = Double(sorted.count)
    let half = Distribution.normalQuantile(0.5 + confidence / 2) * count.squareRoot() / 2
    let low = max(0, Int((count / 2 - half).rounded(.down)) - 1)
    let high = min(sorted.count - 1, Int((count / 2 + half).rounded(.up)))
    return ConfidenceInterval(
      low: sorted[low], high: sorted[high], confidence: confidence, method: .orderStatistics)
  }

  package static func studentT(_ values: [Double], confidence: Double) -> ConfidenceInterval? {
    guard let mean = Statistics.mean(values),
      let deviation = Statistics.standardDeviation(values)
    else { return nil }
    let count = Double(values.count)
    let t = Distribution.studentQuantile(0.5 + confidence / 2, degreesOfFreedom: count - 1)
    let half = t * deviation / count.squareRoot()
    return ConfidenceInterval(
      low: mean - half, high: mean + half, confidence: confidence, method: .studentT)
  }

  /// For positive values; the interval is positive too, and nearly the plain one where they differ little.
  package static func studentTOfLogarithms(
    _ values: [Double], confidence: Double
  ) -> ConfidenceInterval? {
    studentT(values.map { log($0) }, confidence: confidence).map {
      ConfidenceInterval(
        low: exp($0.low), high: exp($0.high), confidence: confidence, method: .studentTOfLogarithms)
    }
  }

  package static func bootstrapMedian(
    _ values: [Double], confidence: Double, seed: UInt64
  ) -> ConfidenceInterval? {
    let sorted = values.sorted()
    guard let median = Statistics.quantile(sorted: sorted, 0.5) else { return nil }
    let replicates = medians(of: sorted, seed: seed)
    let levels = adjustedLevels(
      replicates: replicates, estimate: median,
      acceleration: acceleration(sorted), confidence: confidence)
    guard let low = Statistics.quantile(sorted: replicates, levels.low),
      let high = Statistics.quantile(sorted: replicates, levels.high)
    else { return nil }
    return ConfidenceInterval(
      low: min(low, median), high: max(high, median), confidence: confidence,
      method: .bootstrap)
  }

  private static func medians(of sorted: [Double], seed: UInt64) -> [Double] {
    var generator = SeededGenerator(seed: seed)
    var draw = sorted
    return (0..<resamples).map { _ in
      for index in draw.indices {
        draw[index] = sorted[Int.random(in: 0..<sorted.count, using: &generator)]
      }
      draw.sort()
      return Statistics.quantile(sorted: draw, 0.5) ?? draw[0]
    }.sorted()
  }

  /// Skewness of the jackknife medians over 6; 0 where they do not differ.
  private static func acceleration(_ sorted: [Double]) -> Double {
    let jackknife = sorted.indices.map { left -> Double in
      var rest = sorted
      rest.remove(at: left)
      return Statistics.quantile(sorted: rest, 0.5) ?? 0
    }
    let mean = Statistics.mean(jackknife) ?? 0
    let squares = jackknife.reduce(0) { $0 + pow(mean - $1, 2) }
    let cubes = jackknife.reduce(0) { $0 + pow(mean - $1, 3) }
    return squares > 0 ? cubes / (6 * pow(squares, 1.5)) : 0
  }

  /// Percentiles of the replicates after bias correction. Replicates equal to the estimate count
  /// half, as a median often repeats exactly.
  private static func adjustedLevels(
    replicates: [Double], estimate: Double, acceleration: Double, confidence: Double
  ) -> (low: Double, high: Double) {
    let below = replicates.reduce(0.0) { $0 + ($1 < estimate ? 1 : $1 == estimate ? 0.5 : 0) }
    let bias = Distribution.normalQuantile(below / Double(replicates.count))
    guard bias.isFinite else { return (0, 1) }
    func level(_ p: Double) -> Double {
      let z = bias + Distribution.normalQuantile(p)
      return Distribution.normalCDF(bias + z / (1 - acceleration * z))
    }
    return (level(0.5 - confidence / 2), level(0.5 + confidence / 2))
  }
}
