// The ceilings of one process: measured beside what is held against them.

import Analysis
import Inference
import Measurement
import Targets

extension Ceilings {
  static func measured(
    _ environment: Environment, threads: Int, instructionSet: String?, weights: WeightMemory?
  ) throws -> Ceilings {
    let probe = try MachineProbe(
      threads: threads, lastCacheBytes: environment.lastCacheBytes, weights: weights,
      instructionSet: instructionSet,
      isCancelled: { Interruption.cancellation.isCancelled })
    func rate(_ work: CeilingProbe.Work) -> Reading<Summary> {
      probe.rate(of: work, seconds: 0.15)
    }
    return Ceilings(
      bandwidth: rate(.read), measuredOn: probe.readsWeights ? .weights : .buffer,
      floatRate: rate(.floatPeak), integerRate: rate(.integerPeak))
  }
}
