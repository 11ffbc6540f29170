// The ceilings of one process: measured beside what is held against them.

import Analysis
import Inference
import Measurement
import Targets

extension Ceilings {
  static func measured(
    _ environment: Environment, threads: Int, instructionSet: String?
  ) throws -> Ceilings {
    let probe = try MachineProbe(
      threads: threads, lastCacheBytes: environment.lastCacheBytes, instructionSet: instructionSet,
      isCancelled: { Interruption.cancellation.isCancelled })
    func rate(_ work: CeilingProbe.Work) -> Reading<Summary> {
      probe.rate(of: work, seconds: 0.15)
    }
    return Ceilings(
      bandwidth: rate(.read), floatRate: rate(.floatPeak),
      integerRate: rate(.integerPeak))
  }
}
