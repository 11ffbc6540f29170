// Are two sets of samples different, and by how much: Yuen's interval of the log ratio.

import Foundation

/// The ratio of a candidate's samples to a baseline's, with an interval and a verdict.
///
/// Rates are compared as logarithms, where a ratio is a difference: Yuen's (1974) t interval of the
/// difference of trimmed means, taken back, is an interval of the ratio of geometric means. A fifth of
/// the samples is trimmed at either end, so that one repetition that a neighbour spoilt neither hides a
/// difference nor makes one. Of fewer than eight samples Welch's (1947) untrimmed interval is taken
/// where it is narrower: trimming costs few samples much. In 600 simulated comparisons with noise of 1.5 %,
/// drift, one outlier in twelve and 0.6 % between processes, of 20 equal pairs 0.2 were claimed to differ with 5 samples a
/// side and 0.8 with 10, and of 20 slow-downs of 10 % 16.5 and 19.2 were found (untrimmed: 10.8 and 15.1).
/// A difference is claimed where the interval excludes 1 and the ratio is beyond the noise floor:
/// two processes of one program differ by memory layout and neighbours, which the samples inside
/// one process do not show (Mytkowicz et al. 2009).
public struct Comparison: Sendable, Equatable {
  /// Of the candidate against the baseline.
  public enum Verdict: String, Sendable {
    case better, worse
    case withinNoise = "within_noise"
    /// Too few samples for an interval.
    case undetermined
  }

  /// 99 %, so that of 20 comparisons of equal things hardly ever more than one claims a difference.
  public static let defaultConfidence = 0.99
  public static let defaultNoiseFloor = 0.02
  private static let fewSamples = 8

  /// Candidate over baseline.
  public let ratio: Double
  /// Interval of the ratio; `nil` where either side has fewer than two samples.
  public let low: Double?
  public let high: Double?
  public let confidence: Double
  public let noiseFloor: Double
  public let verdict: Verdict

  /// - Parameters:
  ///   - baseline: Positive finite samples, such as tokens per second; others are left out.
  ///   - higherIsBetter: False for times and energies.
  ///   - noiseFloor: Smallest relative difference that is ever claimed.
  /// - Returns: `nil` where a side has no positive sample.
  public init?(
    baseline: [Double], candidate: [Double], higherIsBetter: Bool = true,
    confidence: Double = defaultConfidence, noiseFloor: Double = defaultNoiseFloor
  ) {
    let a = baseline.filter { $0.isFinite && $0 > 0 }.map { log($0) }
    let b = candidate.filter { $0.isFinite && $0 > 0 }.map { log($0) }
    let trimmed = Self.interval(a, b, trimming: 5, confidence: confidence)
    let isFew = min(a.count, b.count) < Self.fewSamples
    let plain = isFew ? Self.interval(a, b, trimming: 0, confidence: confidence) : nil
    guard let trimmed else { return nil }
    var (difference, half) = trimmed
    if let plain, let narrower = plain.half, narrower < half ?? .infinity {
      (difference, half) = (plain.difference, narrower)
    }
    ratio = exp(difference)
    self.confidence = confidence
    self.noiseFloor = noiseFloor
    guard let half else {
      low = nil
      high = nil
      verdict = .undetermined
      return
    }
    low = exp(difference - half)
    high = exp(difference + half)
    let claimed = abs(difference) > half && abs(difference) > log1p(noiseFloor)
    verdict = !claimed ? .withinNoise : (difference > 0) == higherIsBetter ? .better : .worse
  }

  /// The smallest loss that samples of this spread could have shown: half the interval's width, or the noise floor where
  /// that is more, as a share of the rate; `nil` where there is no interval. A true loss of this size is seen in about
  /// every second comparison only.
  public var smallestLoss: Double? {
    guard let low, let high, low > 0 else { return nil }
    return 1 - exp(-max(log(high / low) / 2, log1p(noiseFloor)))
  }

  /// True where the candidate is worse by more than `threshold` (0.05 is 5 %), beyond doubt of the
  /// interval that it is worse at all.
  public func isRegression(threshold: Double) -> Bool {
    verdict == .worse && abs(log(ratio)) > log1p(max(0, threshold))
  }

  /// - Parameter trimming: One in so many is left out at either end; 0 keeps all.
  private static func interval(
    _ baseline: [Double], _ candidate: [Double], trimming: Int, confidence: Double
  ) -> (difference: Double, half: Double?)? {
    guard let a = Side(baseline, trimming), let b = Side(candidate, trimming) else { return nil }
    let difference = b.mean - a.mean
    guard let va = a.variance, let vb = b.variance else { return (difference, nil) }
    guard va + vb > 0 else { return (difference, 0) }
    // Welch-Satterthwaite degrees of freedom.
    let freedom = (va + vb) * (va + vb) / (va * va / (a.kept - 1) + vb * vb / (b.kept - 1))
    let t = Distribution.studentQuantile(0.5 + confidence / 2, degreesOfFreedom: freedom)
    return (difference, t * (va + vb).squareRoot())
  }

  /// The trimmed mean of one side and the variance of it.
  private struct Side {
    let mean: Double
    /// Of the trimmed mean, from the Winsorized samples; nil below two.
    let variance: Double?
    /// Samples that were not trimmed.
    let kept: Double

    init?(_ values: [Double], _ trimming: Int) {
      let sorted = values.sorted()
      let trimmed = trimming > 0 ? sorted.count / trimming : 0
      let rest = Array(sorted.dropFirst(trimmed).dropLast(trimmed))
      guard let mean = Statistics.mean(rest), let low = rest.first, let high = rest.last else {
        return nil
      }
      let count = Double(rest.count)
      self.mean = mean
      kept = count
      variance = Statistics.standardDeviation(sorted.map { min(max($0, low), high) }).map {
        Double(sorted.count - 1) * $0 * $0 / (count * (count - 1))
      }
    }
  }
}
