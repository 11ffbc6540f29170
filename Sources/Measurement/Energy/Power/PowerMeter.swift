// A meter made of readings of watts: read around every window and at an interval in between.

import Synchronization

/// Something that says how many watts flow now.
package protocol PowerReader: Sendable {
  func watts() throws(EnergyReason) -> Double
}

/// Integrates a power reader.
public final class PowerMeter: EnergyMeter {
  public var name: String { traits.name }
  public let provenance = EnergyProvenance.measured
  public var covers: String { traits.covers }
  public var coverage: EnergyCoverage { traits.coverage }
  public var shortestWindow: Double { traits.shortestWindow }

  private struct State {
    var series = PowerSeries()
    var lastFault: EnergyReason?
    var start = 0.0
  }

  /// A running machine draws some power and no single machine more than this, watts.
  static let plausible = 0.01...100_000

  package let traits: MeterTraits
  private let reader: any PowerReader
  private let clock: any MonotonicClock
  private let state = Mutex(State())
  private let timer = Mutex<PollTimer?>(nil)

  /// - Throws: The reader's reason where it cannot be read now.
  package init(
    traits: MeterTraits, reader: any PowerReader, clock: any MonotonicClock = SystemClock(),
    interval: Double = 1
  ) throws(EnergyReason) {
    self.traits = traits
    self.reader = reader
    self.clock = clock
    _ = try Self.plausibleWatts(reader, name: traits.name)
    let timer = PollTimer(every: min(interval, PowerSeries.longestGap / 2)) { [weak self] in
      self?.poll()
    }
    self.timer.withLock { $0 = timer }
  }

  public func begin() {
    poll()
    state.withLock {
      $0.lastFault = nil
      $0.start = clock.now()
      $0.series.trim(before: $0.start)
    }
  }

  public func end(_ window: EnergyWindow) -> EnergySample {
    let end = clock.now()
    poll()
    do throws(EnergyReason) {
      guard window.seconds >= traits.shortestWindow else {
        throw EnergyReason(
          .windowTooShort,
          "\(name) does not resolve \(window.seconds.inSeconds) s; \(traits.shortestWindow.inSeconds) s at least, "
            + "so ask for more tokens")
      }
      let joules = try joules(until: end)
      return EnergySample(
        source: name, provenance: provenance, joules: joules, low: joules * traits.low,
        high: joules * traits.high)
    } catch {
      return EnergySample(source: name, provenance: provenance, invalid: [error])
    }
  }

  private func joules(until end: Double) throws(EnergyReason) -> Double {
    let (series, start, fault) = state.withLock { ($0.series, $0.start, $0.lastFault) }
    do throws(EnergyReason) { return try series.joules(from: start, to: end) } catch {
      // Why readings are missing says more than that they are.
      throw fault ?? error
    }
  }

  /// Reads once; package for tests, which do not wait for the timer. A single failure is bridged by
  /// its neighbours, as long as the gap is short.
  package func poll() {
    do throws(EnergyReason) {
      let watts = try Self.plausibleWatts(reader, name: name)
      let time = clock.now()
      state.withLock { $0.series.append(time: time, watts: watts) }
    } catch {
      state.withLock { $0.lastFault = error }
    }
  }

  private static func plausibleWatts(
    _ reader: any PowerReader, name: String
  ) throws(EnergyReason) -> Double {
    let watts = try reader.watts()
    guard watts.isFinite, plausible.contains(watts) else {
      throw EnergyReason(.implausiblePower, "\(name) reads \(watts) W")
    }
    return watts
  }
}
