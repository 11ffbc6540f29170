// From a slice of a model to the whole: the rest of the work as measured, each layer as often as it stands for one.

import CostModel
import Measurement

/// What the whole would have done, judged by a slice.
public struct Extrapolation: Sendable, Equatable {
  /// One value for each repetition that could be carried over.
  public let samples: [Double]
  /// Median, and the interval of the samples; the provenance is `extrapolated`.
  public let tokensPerSecond: Estimate
  public let joulesPerToken: Estimate?
  public let bytesTouchedPerToken: Double?

  /// - Parameter factors: For each measured layer, how many layers of the whole it stands for.
  /// - Returns: nil where no repetition timed its layers.
  public init?(_ result: TestResult, factors: [Double]) {
    let whole = result.samples.compactMap { WholeRepetition($0, factors: factors) }
    samples = whole.map(\.tokensPerSecond)
    guard let summary = Summary(samples), let stretch = Statistics.median(whole.map(\.stretch)),
      stretch.isFinite
    else { return nil }
    tokensPerSecond = .ordered(
      summary.interval?.low ?? summary.minimum, summary.median,
      summary.interval?.high ?? summary.maximum, .extrapolated)
    bytesTouchedPerToken = Statistics.median(whole.compactMap(\.bytesPerToken))
    // The machine draws the same power for longer.
    joulesPerToken = result.joulesPerToken.map {
      .ordered($0.low * stretch, $0.best * stretch, $0.high * stretch, .extrapolated)
    }
  }
}

/// One repetition carried over.
private struct WholeRepetition {
  let tokensPerSecond: Double
  let bytesPerToken: Double?
  /// The whole's time over the slice's.
  let stretch: Double

  init?(_ sample: Sample, factors: [Double]) {
    let layers = sample.work.layers
    guard layers.count == factors.count, sample.seconds > 0, sample.tokens > 0 else { return nil }
    let more = zip(layers, factors).reduce(0) { $0 + $1.0.seconds * ($1.1 - 1) }
    let seconds = sample.seconds + more
    guard seconds.isFinite, seconds > 0 else { return nil }
    tokensPerSecond = Double(sample.tokens) / seconds
    stretch = seconds / sample.seconds
    bytesPerToken = sample.work.bytesTouched.map { bytes in
      let missing = zip(layers, factors).reduce(0) { $0 + $1.0.bytesTouched * ($1.1 - 1) }
      return (bytes + missing) / Double(sample.tokens)
    }
  }
}
