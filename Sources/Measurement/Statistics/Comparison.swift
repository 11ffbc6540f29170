// Are two sets of samples different, and by how much: Welch's interval of the log ratio.

import Foundation

/// The ratio of a candidate's samples to a baseline's, with an interval and a verdict.
///
/// Rates are compared as logarithms, where a ratio is a difference: Welch's (1947) t interval of
/// the difference of means, taken back, is an interval of the ratio of geometric means. A
/// difference is claimed where the interval excludes 1 and the ratio is beyond the noise floor:
/// two processes of one program differ by memory layout and neighbours, which the samples inside
/// one process do not show (Mytkowicz et al. 2009).
public struct Comparison: Sendable, Equatable {
  public enum Verdict: String, Sendable {
    case better, worse
    case withinNoise = "within_noise"
    /// Too few samples for an interval.
    case undetermined
  }

  /// 99 %, so that of 20 comparisons of equal things hardly ever more than one claims a difference.
  public static let defaultConfidence = 0.99
  public static let defaultNoiseFloor = 0.02

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
    guard let meanA = Statistics.mean(a), let meanB = Statistics.mean(b) else { return nil }
    let difference = meanB - meanA
    ratio = exp(difference)
    self.confidence = confidence
    self.noiseFloor = noiseFloor
    guard let half = Self.halfWidth(a, b, confidence: confidence) else {
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

  /// True where the candidate is worse by more than `threshold` (0.05 is 5 %), beyond doubt of the
  /// interval that it is worse at all.
  public func isRegression(threshold: Double) -> Bool {
    verdict == .worse && abs(log(ratio)) > log1p(max(0, threshold))
  }

  private static func halfWidth(_ a: [Double], _ b: [Double], confidence: Double) -> Double? {
    guard let sa = Statistics.standardDeviation(a), let sb = Statistics.standardDeviation(b) else {
      return nil
    }
    let (na, nb) = (Double(a.count), Double(b.count))
    let (va, vb) = (sa * sa / na, sb * sb / nb)
    guard va + vb > 0 else { return 0 }
    // Welch-Satterthwaite degrees of freedom.
    let freedom = (va + vb) * (va + vb) / (va * va / (na - 1) + vb * vb / (nb - 1))
    let t = Distribution.studentQuantile(0.5 + confidence / 2, degreesOfFreedom: freedom)
    return t * (va + vb).squareRoot()
  }
}
