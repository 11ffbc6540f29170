// A recording that another program keeps writing, read as a meter.

import Foundation
import Synchronization

/// Takes each window's energy from a CSV file that grows during the run.
public final class TraceMeter: EnergyMeter {
  public let name = "csv"
  public let provenance = EnergyProvenance.measured
  public let covers = "what the recording's meter measures"

  public let coverage = EnergyCoverage.unknown
  public let shortestWindow: Double

  /// Readings come at intervals; a window must hold some of them to be placed among them.
  package static let intervals = 2.0
  /// How far wall and monotonic time may part: of the window, and for the calls between the two, seconds.
  private static let clockShare = 0.02
  private static let clockSlack = 0.02

  private let path: String
  private let wallClock: @Sendable () -> Double
  private let patience: Double
  private let cancellation: Cancellation
  private let start = Mutex(0.0)

  /// - Parameters:
  ///   - path: Must exist and be sound now.
  ///   - patience: How long to wait for the line after a window's end, seconds; nil waits as long as the
  ///     recording's interval asks for.
  ///   - cancellation: Ends that wait.
  ///   - wallClock: Seconds since 1970. Wall time only places the window in the recording; its
  ///     length is the runner's.
  public init(
    path: String, patience: Double? = nil, cancellation: Cancellation = Cancellation(),
    wallClock: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) throws(TraceError) {
    shortestWindow = Self.intervals * (try MeterTrace(path: path, isGrowing: true).typicalInterval)
    self.path = path
    self.cancellation = cancellation
    self.patience = patience ?? min(max(3, shortestWindow), PowerSeries.longestGap)
    self.wallClock = wallClock
  }

  public func begin() { start.withLock { $0 = wallClock() } }

  public func end(_ window: EnergyWindow) -> EnergySample {
    let start = start.withLock { $0 }
    let end = wallClock()
    guard abs((end - start) - window.seconds) <= Self.clockShare * window.seconds + Self.clockSlack
    else { return invalid(EnergyReason(.gap, "the wall clock was set during the window")) }
    var waited = 0.0
    while true {
      do throws(EnergyReason) {
        let trace = try trace()
        guard trace.reaches(from: start, to: end) else {
          // No line to come would make a window of this length long enough.
          guard window.seconds >= shortestWindow else {
            throw tooShort(shortestWindow / Self.intervals, window.seconds)
          }
          if waited < patience, !cancellation.isCancelled {
            Thread.sleep(forTimeInterval: 0.25)
            waited += 0.25
            continue
          }
          throw EnergyReason(.noSamplesInWindow, trace.absence(from: start, to: end))
        }
        return try sample(trace, from: start, to: end)
      } catch {
        return invalid(error)
      }
    }
  }

  private func tooShort(_ interval: Double, _ seconds: Double) -> EnergyReason {
    EnergyReason(
      .windowTooShort,
      "the recording has a reading every \(interval.inSeconds) s and resolves "
        + "\((Self.intervals * interval).inSeconds) s or more, not \(seconds.inSeconds) s: ask for more tokens"
    )
  }

  /// What a recording says of a window that it resolves.
  private func sample(
    _ trace: MeterTrace, from start: Double, to end: Double
  ) throws(EnergyReason) -> EnergySample {
    let joules = try trace.joules(from: start, to: end)
    let interval = trace.longestInterval(from: start, to: end) ?? .infinity
    guard end - start >= Self.intervals * interval else {
      throw tooShort(interval, end - start)
    }
    guard joules > 0 else {
      throw EnergyReason(.garbage, "the recording did not move in \((end - start).inSeconds) s")
    }
    guard PowerMeter.plausible.contains(joules / (end - start)) else {
      throw EnergyReason(.implausiblePower, "the recording says \(joules / (end - start)) W")
    }
    // Each end may be a whole step of the counter ahead or behind.
    return EnergySample(
      source: name, provenance: provenance, joules: joules,
      low: max(0, joules * 0.98 - trace.smallestStep), high: joules * 1.02 + trace.smallestStep)
  }

  private func trace() throws(EnergyReason) -> MeterTrace {
    do throws(TraceError) { return try MeterTrace(path: path, isGrowing: true) } catch {
      throw EnergyReason(.garbage, error.description)
    }
  }

  private func invalid(_ reason: EnergyReason) -> EnergySample {
    EnergySample(source: name, provenance: provenance, invalid: [reason])
  }
}
