// A recording that another program keeps writing, read as a meter.

import Foundation
import Synchronization

/// Takes each window's energy from a CSV file that grows during the run.
public final class TraceMeter: EnergyMeter {
  public let name = "csv"
  public let provenance = EnergyProvenance.measured
  public let covers = "what the recording's meter measures"

  private let path: String
  private let wallClock: @Sendable () -> Double
  private let patience: Double
  private let start = Mutex(0.0)

  /// - Parameters:
  ///   - path: Must exist and be sound now.
  ///   - patience: How long to wait for the line after a window's end, seconds.
  ///   - wallClock: Seconds since 1970. Wall time only places the window in the recording; its
  ///     length is the runner's.
  public init(
    path: String, patience: Double = 3,
    wallClock: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) throws(TraceError) {
    _ = try MeterTrace(path: path)
    self.path = path
    self.patience = patience
    self.wallClock = wallClock
  }

  public func begin() { start.withLock { $0 = wallClock() } }

  public func end(_ window: EnergyWindow) -> EnergySample {
    let start = start.withLock { $0 }
    let end = wallClock()
    guard abs((end - start) - window.seconds) <= max(1, 0.05 * window.seconds) else {
      return invalid(EnergyReason(.gap, "the wall clock was set during the window"))
    }
    var waited = 0.0
    while true {
      do throws(EnergyReason) {
        let joules = try trace().joules(from: start, to: end)
        return EnergySample(
          source: name, provenance: provenance, joules: joules, low: joules * 0.98,
          high: joules * 1.02)
      } catch {
        guard error.fault == .noSamplesInWindow, waited < patience else { return invalid(error) }
        Thread.sleep(forTimeInterval: 0.25)
        waited += 0.25
      }
    }
  }

  private func trace() throws(EnergyReason) -> MeterTrace {
    do throws(TraceError) { return try MeterTrace(path: path) } catch {
      throw EnergyReason(.garbage, error.description)
    }
  }

  private func invalid(_ reason: EnergyReason) -> EnergySample {
    EnergySample(source: name, provenance: provenance, invalid: [reason])
  }
}
