// How much repetitions of one thing differ on this machine, and what a comparison can therefore find.

import Measurement

/// The spread of repeated identical short measurements.
public struct NoiseFloor: Sendable, Equatable {
  /// Repetitions a side of the comparison that `smallestDifference` is for.
  public static let comparedRepetitions = 5
  /// How often such a difference is to be found.
  private static let power = 0.8

  /// What was repeated.
  public let work: String
  public let repetitions: Int
  /// Standard deviation over mean.
  public let coefficientOfVariation: Double

  public init(work: String, repetitions: Int, coefficientOfVariation: Double) {
    self.work = work
    self.repetitions = repetitions
    self.coefficientOfVariation = coefficientOfVariation
  }

  /// - Returns: nil with one sample.
  public init?(_ summary: Summary, work: String) {
    guard let variation = summary.coefficientOfVariation, variation.isFinite else { return nil }
    self.init(work: work, repetitions: summary.count, coefficientOfVariation: variation)
  }

  /// The relative difference that a comparison of 5 repetitions a side would claim four times out of five, were this all
  /// the noise: the half width of Welch's interval at `Comparison`'s confidence with a margin for that power, and never less
  /// than what `Comparison` claims at all. Processes of one program differ by more.
  public var smallestDifference: Double {
    let count = Double(Self.comparedRepetitions)
    let freedom = 2 * (count - 1)
    let t =
      Distribution.studentQuantile(
        0.5 + Comparison.defaultConfidence / 2, degreesOfFreedom: freedom)
      + Distribution.studentQuantile(Self.power, degreesOfFreedom: freedom)
    return max(
      Comparison.defaultNoiseFloor, t * coefficientOfVariation * (2 / count).squareRoot())
  }
}

extension MachineLimits {
  /// More than this of the CPUs used by others, or taken by another guest, and the limits are not the machine's.
  private static let busyOthers = 0.05
  private static let busySteal = 0.01

  /// Notes what happened to the machine meanwhile.
  public mutating func note(_ disturbance: Disturbance) {
    stealShare = disturbance.stealFraction.value
    ownShare = disturbance.ownUtilisation
    otherShare = disturbance.otherUtilisation.value
  }

  /// Why the limits are too low to be kept; nil where nothing disturbed them or nothing is known of it.
  public var disturbed: String? {
    var reasons: [String] = []
    func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }
    if let share = otherShare, share > Self.busyOthers {
      reasons.append("other programs used \(percent(share)) of the CPUs")
    }
    if let share = stealShare, share > Self.busySteal {
      reasons.append("another guest took \(percent(share)) of this machine")
    }
    return reasons.isEmpty
      ? nil : "while the limits were measured, " + reasons.joined(separator: " and ")
  }
}
