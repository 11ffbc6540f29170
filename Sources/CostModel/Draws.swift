// Draws from a range and from repetitions: what one trial of the simulation assumes.

import Foundation

extension Estimate {
  /// The 95th percentile of the standard normal: bounds of estimates are 90 % ranges.
  private static let z95 = 1.6448536269514722

  /// One value.
  ///
  /// What is given is bounded by its range: a triangle with its peak at `best`. What is measured or
  /// estimated may lie outside it: log-normal on either side of `best`, the bounds being the 5th
  /// and 95th percentile.
  package func draw(_ random: inout RandomSource) -> Double {
    if isExact { return best }
    return provenance == .given || low <= 0 ? triangular(random.uniform()) : twoPiece(&random)
  }

  private func triangular(_ u: Double) -> Double {
    let width = high - low
    let peak = (best - low) / width
    return u < peak
      ? low + sqrt(u * width * (best - low))
      : high - sqrt((1 - u) * width * (high - best))
  }

  private func twoPiece(_ random: inout RandomSource) -> Double {
    let z = random.normal()
    let bound = z < 0 ? low : high
    return best * exp(abs(z) / Self.z95 * log(bound / best))
  }
}

/// Order statistics for the bootstrap.
enum Sorted {
  /// Median of a sorted, non-empty array.
  static func median(_ sorted: [Double]) -> Double {
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// Percentile by linear interpolation (Hyndman and Fan 1996, type 7) of a sorted, non-empty array.
  static func percentile(_ sorted: [Double], _ share: Double) -> Double {
    let position = share * Double(sorted.count - 1)
    let lower = min(Int(position), sorted.count - 1)
    let upper = min(lower + 1, sorted.count - 1)
    // Also where a neighbour is infinite: nothing times infinity would be no number.
    guard position > Double(lower) else { return sorted[lower] }
    return sorted[lower] + (position - Double(lower)) * (sorted[upper] - sorted[lower])
  }
}

extension Assumptions<Estimate> {
  func draw(_ random: inout RandomSource) -> Assumptions<Double> {
    map { value, field in field.clamped(value.draw(&random)) }
  }
}

extension Throughput<Estimate> {
  /// Up to here a bootstrap is too narrow: the median of so few repetitions is drawn from its range,
  /// which is their t interval, so that a decision is no surer than the interval printed.
  private static let fewSamples = 6

  /// One trial: the median of the repetitions drawn with replacement (Efron 1979) where there are
  /// enough of them, otherwise a draw from the range.
  func draw(_ random: inout RandomSource) -> Throughput<Double> {
    var drawn = map { value, field in field.clamped(value.draw(&random)) }
    if let median = Self.bootstrapMedian(prefill?.samples ?? [], &random) {
      drawn.prefill?.tokensPerSecond = median
    }
    if let median = Self.bootstrapMedian(decode?.samples ?? [], &random) {
      drawn.decode?.tokensPerSecond = median
    }
    return drawn
  }

  private static func bootstrapMedian(_ samples: [Double], _ random: inout RandomSource) -> Double?
  {
    guard samples.count > fewSamples else { return nil }
    let resampled = samples.map { _ in samples[random.index(below: samples.count)] }
    return Sorted.median(resampled.sorted())
  }
}
