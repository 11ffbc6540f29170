// Energy of the machine at rest with the model resident, to show or to subtract.

import Foundation

extension EnergyMeter {
  /// Closes one window in which this process only sleeps.
  ///
  /// - Parameters:
  ///   - seconds: Length; counters need some tenths of a second, batteries minutes.
  ///   - cancellation: Ends the wait within 50 ms; the window then covers what passed.
  /// - Returns: The energy and the length of the window.
  public func idle(
    seconds: Double, clock: any MonotonicClock = SystemClock(),
    counters: any CounterSource = SystemCounters(), cancellation: Cancellation = Cancellation()
  ) -> (sample: EnergySample, seconds: Double) {
    let before = counters.snapshot()
    begin()
    let start = clock.now()
    while clock.now() - start < seconds && !cancellation.isCancelled {
      Thread.sleep(forTimeInterval: min(0.05, seconds))
    }
    let passed = clock.now() - start
    let disturbance = Disturbance(from: before, to: counters.snapshot())
    let window = EnergyWindow(
      seconds: passed, utilisation: disturbance.utilisation,
      ownUtilisation: disturbance.ownUtilisation)
    return (end(window), passed)
  }
}
