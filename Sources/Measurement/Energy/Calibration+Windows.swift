// Windows of a calibration: watched live under a load, or cut out of two recordings.

import Foundation

extension Calibration.Window {
  /// Both meters over one load.
  ///
  /// - Parameters:
  ///   - counter: What is to be calibrated.
  ///   - wall: What it is held against.
  ///   - load: Keeps the machine busy, or does not, for as long as it takes.
  /// - Throws: The reason of the first meter that has no figure for the window.
  public static func observed(
    counter: any EnergyMeter, wall: any EnergyMeter, clock: any MonotonicClock = SystemClock(),
    counters: any CounterSource = SystemCounters(), load: () -> Void
  ) throws(EnergyReason) -> Calibration.Window {
    let before = counters.snapshot()
    wall.begin()
    counter.begin()
    let start = clock.now()
    load()
    let seconds = clock.now() - start
    let disturbance = Disturbance(from: before, to: counters.snapshot())
    let window = EnergyWindow(
      seconds: seconds, utilisation: disturbance.utilisation,
      ownUtilisation: disturbance.ownUtilisation)
    // The counter first: a recording may have to be waited for.
    let own = try counter.end(window).joulesOrReason
    let truth = try wall.end(window).joulesOrReason
    return Calibration.Window(counterWatts: own / seconds, wallWatts: truth / seconds)
  }
}

extension Calibration {
  /// Windows of equal length over the time that both recordings cover.
  ///
  /// - Returns: The windows, and how many had a gap in either recording.
  public static func windows(
    counter: MeterTrace, wall: MeterTrace, seconds: Double
  ) -> (windows: [Window], skipped: Int) {
    guard seconds > 0, seconds.isFinite, let first = counter.points.first,
      let last = counter.points.last, let wallFirst = wall.points.first,
      let wallLast = wall.points.last
    else { return ([], 0) }
    let start = max(first.time, wallFirst.time)
    let end = min(last.time, wallLast.time)
    var windows: [Window] = []
    var skipped = 0
    let count = Int(exactly: ((end - start) / seconds).rounded(.down)) ?? 0
    for index in 0..<max(0, min(count, longestRecording)) {
      let from = start + Double(index) * seconds
      // Too few readings would fit the recordings' intervals to each other.
      guard
        [counter, wall].allSatisfy({
          TraceMeter.intervals * ($0.longestInterval(from: from, to: from + seconds) ?? .infinity)
            <= seconds
        })
      else {
        skipped += 1
        continue
      }
      do throws(EnergyReason) {
        windows.append(
          Window(
            counterWatts: try counter.joules(from: from, to: from + seconds) / seconds,
            wallWatts: try wall.joules(from: from, to: from + seconds) / seconds))
      } catch {
        skipped += 1
      }
    }
    return (windows, skipped)
  }

  /// More windows say nothing new.
  private static let longestRecording = 100_000
}

extension EnergySample {
  fileprivate var joulesOrReason: Double {
    get throws(EnergyReason) {
      guard let joules = joules.value else {
        throw invalidReasons.first ?? EnergyReason(.garbage, "\(source) gave no figure")
      }
      return joules
    }
  }
}
