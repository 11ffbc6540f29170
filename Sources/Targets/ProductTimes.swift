// Times products of one weight format: what every estimate of a model's speed is made from.

import Inference
import Measurement

/// Weights a second by number of rows, streamed from memory and resident in cache.
public struct ProductTimes {
  /// An expert sees few rows in decode, a hundred in prefill; attention's projections see all.
  public static let rows = [1, 2, 4, 8, 16, 64, 512]
  /// Formats that estimates are usually asked for, and that synthetic weights can be made in.
  public static let formats: [WeightFormat] = [
    .f32, .f16, .bf16, .q8_0, .q4_0, .q4_k, .q6_k, .mxfp4,
  ]

  private let probe: ProductProbe
  private let clock = SystemClock()

  public init(
    threads: Int, format: WeightFormat, lastCacheBytes: Int, instructionSet: String? = nil
  ) throws {
    probe = try ProductProbe(
      threads: threads, format: format, bytes: MachineProbe.readBytes(lastCacheBytes),
      largestBatch: Self.rows.max() ?? 1, instructionSet: instructionSet)
  }

  /// Weights a second, each multiplied with every one of `rows` rows, all threads together.
  public func rate(
    rows: Int, resident: Bool, runs: Int = 3, seconds: Double = 0.12
  ) -> Reading<Summary> {
    clock.rate(
      amount: Double(probe.weights(rows: rows, resident: resident)), runs: runs, seconds: seconds
    ) {
      probe.run(rows: rows, resident: resident)
    }
  }
}
