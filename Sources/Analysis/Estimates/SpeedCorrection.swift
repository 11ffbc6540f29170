// What earlier measurements say about the predictions: how far off, and how widely.

import CostModel
import Measurement

/// One measurement beside its prediction.
public struct PredictionError: Sendable, Equatable {
  public let model: String
  public let format: String
  public let label: String
  public let phase: Phase
  /// Tokens a second.
  public let predicted: Double
  public let measured: Double

  public init(
    model: String, format: String, label: String, phase: Phase, predicted: Double,
    measured: Double
  ) {
    self.model = model
    self.format = format
    self.label = label
    self.phase = phase
    self.predicted = predicted
    self.measured = measured
  }

  /// Above 0 where the prediction is too fast.
  public var relative: Double { predicted / measured - 1 }
}

extension [PredictionError] {
  /// Median of the absolute relative errors; nil of nothing.
  public var medianError: Double? { Statistics.median(map { abs($0.relative) }) }
}

/// Predictions scaled by earlier measurements on the same machine.
public struct SpeedCorrection: Sendable {
  /// Holds nine in ten of the predictions in Benchmarks/results/estimate-errors.md; half of them were within 0.15.
  public static let uncorrectedSpread = 0.5
  /// Even measurements of one model do not tell all of another.
  private static let leastSpread = 0.10

  /// A judgement as well: every doubling or halving of bandwidth and of cores leads away from what was measured, to
  /// other memory channels, caches and clocks, which scaling a limit does not show.
  public static let spreadPerDoubling = 0.10

  public let errors: [PredictionError]
  /// Of a supposed machine: doublings of bandwidth and of cores between it and the measured one.
  public let doublings: Double

  public init(_ errors: [PredictionError] = [], doublings: Double = 0) {
    self.errors = errors
    self.doublings = doublings
  }

  /// What is added to the spread for a machine that is not the measured one.
  public var extrapolationSpread: Double { Self.spreadPerDoubling * doublings }

  /// The speed to expect where `predicted` tokens a second were computed: scaled by the measurements of the same phase
  /// and format, else of the same phase, else as computed.
  public func apply(_ predicted: Double, phase: Phase, format: String) -> Estimate {
    let samePhase = errors.filter { $0.phase == phase && $0.predicted > 0 && $0.measured > 0 }
    let sameFormat = samePhase.filter { $0.format == format }
    let ratios = (sameFormat.isEmpty ? samePhase : sameFormat).map { $0.measured / $0.predicted }
    guard let ratio = Statistics.median(ratios), ratio.isFinite else {
      let spread = Self.uncorrectedSpread + extrapolationSpread
      return .ordered(
        predicted / (1 + spread), predicted, predicted * (1 + spread), .estimated)
    }
    let spread =
      extrapolationSpread
      + Swift.max(Self.leastSpread, ratios.map { abs($0 / ratio - 1) }.max() ?? 0)
    let best = predicted * ratio
    return .ordered(best / (1 + spread), best, best * (1 + spread), .estimated)
  }
}
