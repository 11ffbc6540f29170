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

  /// Amount a second over several runs, the first left out: bytes for reading, operations otherwise.
  public func rate(of work: CeilingProbe.Work, runs: Int = 7) -> Reading<Summary> {
    let amount = probe.amount(of: work)
    var rates: [Double] = []
    for run in 0...runs {
      let start = clock.now()
      probe.run(work)
      let seconds = clock.now() - start
      if run > 0 && seconds > 0 { rates.append(amount / seconds) }
    }
    guard let summary = Summary(rates) else {
      return .unknown(reason: "the clock saw no time pass")
    }
    return .known(summary)
  }
}
