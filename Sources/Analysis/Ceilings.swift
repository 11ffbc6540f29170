// What the machine can do at best, measured in the same process as the model.

import Measurement

/// Measured limits: the roof of the roofline (Williams, Waterman and Patterson 2009).
public struct Ceilings: Sendable, Equatable {
  /// Bytes read a second from memory by all threads of the run.
  public var bandwidth: Reading<Summary>
  /// The memory it was measured on.
  public enum ReadMemory: String, Sendable {
    /// The model's own weights, where decode reads them.
    case weights
    /// A buffer beside them: they are few, or lie in a file's mapping.
    case buffer
  }
  public var measuredOn: ReadMemory?
  /// Single-precision operations a second of the instruction set's multiply-adds, on all threads, in registers.
  public var floatRate: Reading<Summary>
  /// The same of its dot products of 8-bit integers.
  public var integerRate: Reading<Summary>

  public init(
    bandwidth: Reading<Summary>, measuredOn: ReadMemory? = nil, floatRate: Reading<Summary>,
    integerRate: Reading<Summary>
  ) {
    self.bandwidth = bandwidth
    self.measuredOn = measuredOn
    self.floatRate = floatRate
    self.integerRate = integerRate
  }
}

extension Ceilings {
  /// Of two measurements of each limit the higher: a disturbance can only lower what a machine shows.
  public func higher(_ other: Ceilings) -> Ceilings {
    func higher(_ a: Reading<Summary>, _ b: Reading<Summary>) -> Reading<Summary> {
      (a.value?.median ?? 0) >= (b.value?.median ?? 0) ? a : b
    }
    let isOurs = higher(bandwidth, other.bandwidth) == bandwidth
    return Ceilings(
      bandwidth: isOurs ? bandwidth : other.bandwidth,
      measuredOn: isOurs ? measuredOn : other.measuredOn,
      floatRate: higher(floatRate, other.floatRate),
      integerRate: higher(integerRate, other.integerRate))
  }
}

/// How much of a ceiling a test used.
public struct Attainment: Sendable, Equatable {
  /// Bytes really touched a second over the measured bandwidth (S-MBU of MoE-CAP, with a measured ceiling).
  public let bandwidthShare: Double?
  /// Operations really done a second over the measured rate.
  public let arithmeticShare: Double?

  /// - Parameters:
  ///   - operationsPerToken: Two for each active parameter.
  ///   - usesIntegers: Whether the products run on 8-bit integers.
  public init(
    _ result: TestResult, _ ceilings: Ceilings, operationsPerToken: Double, usesIntegers: Bool
  ) {
    let rate = Statistics.median(result.tokensPerSecond)
    let bytes = result.bytesTouchedPerToken
    if let rate, let bytes, let bandwidth = ceilings.bandwidth.value {
      bandwidthShare = rate * bytes / bandwidth.median
    } else {
      bandwidthShare = nil
    }
    let peak = (usesIntegers ? ceilings.integerRate : ceilings.floatRate).value
    if let rate, let peak {
      arithmeticShare = rate * operationsPerToken / peak.median
    } else {
      arithmeticShare = nil
    }
  }
}

extension TestResult {
  /// Median over the repetitions; nil where the target does not tell.
  public var bytesTouchedPerToken: Double? {
    Statistics.median(
      samples.compactMap { sample in
        sample.work.bytesTouched.flatMap { sample.tokens > 0 ? $0 / Double(sample.tokens) : nil }
      })
  }

  /// Median over the repetitions of the mean over layers and steps.
  public var distinctExperts: Double? {
    Statistics.median(samples.compactMap(\.work.distinctExperts))
  }

  /// Joules a token: median and range over the valid repetitions, or the reasons why there is none.
  public var joulesPerToken: (best: Double, low: Double, high: Double)? {
    let valid = samples.filter { $0.energy.isValid && $0.tokens > 0 }
    let best = valid.compactMap { sample in
      sample.energy.joules.value.map { $0 / Double(sample.tokens) }
    }
    guard let median = Statistics.median(best), let least = best.min(), let most = best.max() else {
      return nil
    }
    let low = valid.compactMap { sample in sample.energy.low.map { $0 / Double(sample.tokens) } }
    let high = valid.compactMap { sample in sample.energy.high.map { $0 / Double(sample.tokens) } }
    return (
      median, min(median, Statistics.median(low) ?? least),
      max(median, Statistics.median(high) ?? most)
    )
  }
}
