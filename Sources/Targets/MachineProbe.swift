// Times the work that only the machine limits.

import Inference
import Measurement

/// Measures read bandwidth and arithmetic rates of this machine, with the threads a run will use.
public struct MachineProbe {
  private let probe: CeilingProbe
  private let clock = SystemClock()

  /// - Parameter lastCacheBytes: The buffer is many times this, so that reads come from memory.
  public init(threads: Int, lastCacheBytes: Int, instructionSet: String? = nil) throws(EngineError)
  {
    let size = min(max(8 * lastCacheBytes, 256 << 20), 1 << 30)
    probe = try CeilingProbe(
      threads: threads, bufferBytes: size, instructionSet: instructionSet)
  }

  /// Amount a second, bytes for reading and operations otherwise, over at least `runs` runs and `seconds` in all, the first run
  /// left out: one run takes milliseconds, and a neighbour's burst outlasts a few of them.
  public func rate(
    of work: CeilingProbe.Work, runs: Int = 7, seconds: Double = 0.4
  ) -> Reading<Summary> {
    let amount = probe.amount(of: work)
    var rates: [Double] = []
    probe.run(work)
    let began = clock.now()
    var now = began
    while now - began < seconds || rates.count < runs {
      probe.run(work)
      let end = clock.now()
      if end > now { rates.append(amount / (end - now)) }
      now = end
    }
    guard let summary = Summary(rates) else {
      return .unknown(reason: "the clock saw no time pass")
    }
    return .known(summary)
  }
}
