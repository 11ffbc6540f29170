// Which meter a run uses, and what the machine draws when idle.

import CostModel
import Measurement

struct Metering {
  let meter: (any EnergyMeter)?
  let idleWatts: Estimate

  init(_ environment: Environment, memoryBytes: Double) throws {
    meter = nil
    idleWatts = .exactly(0)
  }
}
