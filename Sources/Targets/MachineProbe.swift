// Times the work that only the machine limits.

import Inference
import Measurement

/// Measures read bandwidth and arithmetic rates of this machine, with the threads a run will use.
public struct MachineProbe {
  private let probe: CeilingProbe
  private let clock = SystemClock()
  private let isCancelled: () -> Bool
  /// Whether the weights are read: they are many times the last cache.
  public let readsWeights: Bool

  /// - Parameters:
  ///   - lastCacheBytes: What is read is many times this, so that reads come from memory.
  ///   - weights: A loaded model's: read where there are enough of them in memory, as decode reads them. A buffer is
  ///     made only where not, and pages of mapped files are given back first, so that they are not in memory beside it.
  ///   - multiplies: Whether rates of matrix products will be asked for.
  ///   - isCancelled: Asked between runs: a rate then rests on those there are.
  public init(
    threads: Int, lastCacheBytes: Int, weights: WeightMemory? = nil, usesHugePages: Bool = true,
    multiplies: Bool = false, instructionSet: String? = nil,
    isCancelled: @escaping () -> Bool = { false }
  ) throws(EngineError) {
    self.isCancelled = isCancelled
    let bytes = Self.readBytes(lastCacheBytes)
    let ground: CeilingProbe.Ground
    if let weights = weights.flatMap({ CeilingProbe.Ground.weights($0, bytes: bytes) }) {
      ground = weights
      readsWeights = true
    } else {
      weights?.releaseMappings()
      ground = try .buffer(bytes: bytes, usesHugePages: usesHugePages)
      readsWeights = false
    }
    probe = try CeilingProbe(
      threads: threads, reading: ground, multiplies: multiplies, instructionSet: instructionSet)
  }

  /// Many times the last cache, so that reads come from memory.
  static func readBytes(_ lastCacheBytes: Int) -> Int {
    min(max(8 * lastCacheBytes, 256 << 20), 1 << 30)
  }

  /// Amount a second, bytes for reading and operations otherwise, over at least `runs` runs and `seconds` in all, the
  /// first run left out: one run takes milliseconds, and a neighbour's burst outlasts a few of them.
  public func rate(
    of work: CeilingProbe.Work, runs: Int = 7, seconds: Double = 0.4
  ) -> Reading<Summary> {
    clock.rate(
      amount: probe.amount(of: work), runs: runs, seconds: seconds, isCancelled: isCancelled
    ) { probe.run(work) }
  }
}

extension MonotonicClock {
  /// Amount a second of some work: at least `runs` runs and `seconds` in all, the first run left out.
  func rate(
    amount: Double, runs: Int, seconds: Double, isCancelled: () -> Bool = { false },
    _ work: () -> Void
  ) -> Reading<Summary> {
    var rates: [Double] = []
    work()
    let began = now()
    var end = began
    while end - began < seconds || rates.count < runs {
      let start = now()
      work()
      end = now()
      if end > start { rates.append(amount / (end - start)) }
      if (end - began > Self.patience || isCancelled()) && !rates.isEmpty { break }
    }
    guard let summary = Summary(rates) else {
      return .unknown(reason: "the clock saw no time pass")
    }
    return .known(summary)
  }

  /// No measurement of a limit takes longer than this, seconds.
  private static var patience: Double { 5 }
}
