// Adds up a counter that wraps, and tells a wrap from a reset, a gap and nonsense.

/// Energy of one counter since it was first read.
package struct CounterTotal {
  /// More than this from one domain is not power but a broken counter, watts.
  package static let plausibleWatts = 2000.0
  /// Power that the polling interval is made for, watts.
  package static let designWatts = 500.0

  package let unitJoules: Double
  /// Largest value before it starts again at 0; `nil` for counters that never wrap.
  package let maximum: UInt64?
  private var last: (raw: UInt64, time: Double)?
  private var since = 0.0
  private var faults: [EnergyReason] = []
  private let name: String

  package init(name: String, unitJoules: Double, maximum: UInt64?) {
    self.name = name
    self.unitJoules = unitJoules
    self.maximum = maximum
  }

  /// Longest time between readings in which at most one half of the range passes at the design
  /// power; unlimited without a wrap.
  package var longestGap: Double {
    guard let maximum else { return .infinity }
    return Double(maximum) * unitJoules / (2 * Self.designWatts)
  }

  /// Takes a reading of the counter.
  ///
  /// - Parameter time: Seconds on the clock of all readings.
  package mutating func add(_ raw: UInt64, time: Double) {
    defer { last = (raw, time) }
    if let maximum, raw > maximum {
      fault(.garbage, "\(name) reads \(raw), above its range of \(maximum)")
      return
    }
    guard let last else { return }
    let elapsed = time - last.time
    if elapsed > longestGap {
      fault(.gap, "\(name) was not read for \(Int(elapsed)) s and may have wrapped more than once")
      return
    }
    guard let delta = difference(from: last.raw, to: raw) else {
      fault(.counterReset, "\(name) went back from \(last.raw) to \(raw)")
      return
    }
    let joules = Double(delta) * unitJoules
    // Readings within a millisecond of each other see a whole update or none.
    guard joules <= Self.plausibleWatts * max(elapsed, 0.1) else {
      let kind: EnergyFault = raw < last.raw ? .counterReset : .implausiblePower
      fault(kind, "\(name) moved by \(joules.rounded()) J in \(elapsed.inSeconds) s")
      return
    }
    since += joules
  }

  /// Joules and faults since the last call; the next window starts here.
  package mutating func take() -> (joules: Double, faults: [EnergyReason]) {
    defer {
      since = 0
      faults = []
    }
    return (since, faults)
  }

  /// Opens a window. Without a reading to begin with, the counter's share of it is lost, not nothing.
  package mutating func open() {
    _ = take()
    if last == nil {
      fault(.meterDisappeared, "\(name) could not be read when the window opened")
    }
  }

  /// Notes what went wrong in the window, once for each kind.
  package mutating func fault(_ fault: EnergyFault, _ message: String) {
    let reason = EnergyReason(fault, message)
    if !faults.contains(where: { $0.fault == fault }) { faults.append(reason) }
  }

  /// Forgets the last reading, so that what happens before the next one counts as unknown.
  package mutating func lose() { last = nil }

  /// Modulo the range, which undoes one wrap.
  private func difference(from old: UInt64, to new: UInt64) -> UInt64? {
    if new >= old { return new - old }
    guard let maximum, old <= maximum else { return nil }
    return maximum - old + new + 1
  }
}
