// A meter made of energy counters: read around every window and, against wraps, in between.

import Synchronization

/// One counter of energy, such as a RAPL domain.
package protocol EnergyCounter: Sendable {
  var name: String { get }
  var unitJoules: Double { get }
  /// Largest raw value; `nil` where the counter never wraps.
  var maximum: UInt64? { get }
  func read() throws(EnergyReason) -> UInt64
}

extension EnergyReason: Error {}

/// What a meter of a kind is called, covers and is worth.
package struct MeterTraits: Sendable {
  package let name: String
  package let covers: String
  package let coverage: EnergyCoverage
  /// 90 % range as factors on the reading.
  package let low: Double
  package let high: Double
  /// Windows shorter than this are not resolved, seconds.
  package let shortestWindow: Double

  package init(
    name: String, covers: String, coverage: EnergyCoverage = .unknown, low: Double, high: Double,
    shortestWindow: Double
  ) {
    self.name = name
    self.covers = covers
    self.coverage = coverage
    self.low = low
    self.high = high
    self.shortestWindow = shortestWindow
  }
}

/// Sums counters of different domains.
public final class CounterMeter: EnergyMeter {
  public var name: String { traits.name }
  public let provenance = EnergyProvenance.measured
  public var covers: String { traits.covers }
  public var coverage: EnergyCoverage { traits.coverage }
  public var shortestWindow: Double { traits.shortestWindow }

  private let traits: MeterTraits
  private let counters: [any EnergyCounter]
  private let clock: any MonotonicClock
  private let totals: Mutex<[CounterTotal]>
  private let timer = Mutex<PollTimer?>(nil)

  /// - Parameters:
  ///   - counters: Domains that do not contain each other.
  ///   - pollSeconds: How often the counters are read between windows, 60 at most.
  /// - Throws: The first counter's reason where it cannot be read now.
  package init(
    traits: MeterTraits, counters: [any EnergyCounter], clock: any MonotonicClock = SystemClock(),
    pollSeconds: Double = 10
  ) throws(EnergyReason) {
    self.traits = traits
    self.counters = counters
    self.clock = clock
    for counter in counters { _ = try counter.read() }
    let fresh = counters.map {
      CounterTotal(name: $0.name, unitJoules: $0.unitJoules, maximum: $0.maximum)
    }
    totals = Mutex(fresh)
    let longest = fresh.map(\.longestGap).min() ?? 60
    let period = min(pollSeconds, longest / 2, 60)
    let timer = PollTimer(every: period) { [weak self] in self?.poll() }
    self.timer.withLock { $0 = timer }
  }

  public func begin() {
    poll()
    totals.withLock { totals in
      for index in totals.indices { totals[index].open() }
    }
  }

  public func end(_ window: EnergyWindow) -> EnergySample {
    poll()
    var joules = 0.0
    var reasons: [EnergyReason] = []
    totals.withLock { totals in
      for index in totals.indices {
        let taken = totals[index].take()
        joules += taken.joules
        reasons += taken.faults
      }
    }
    if window.seconds < traits.shortestWindow {
      reasons.append(
        EnergyReason(
          .windowTooShort,
          "\(name) does not resolve \(window.seconds.inSeconds) s; \(traits.shortestWindow.inSeconds) s at least, "
            + "so ask for more tokens"))
    } else if reasons.isEmpty && joules <= 0 {
      reasons.append(
        EnergyReason(.garbage, "\(name) did not move in \(window.seconds.inSeconds) s"))
    }
    guard reasons.isEmpty else {
      return EnergySample(source: name, provenance: provenance, invalid: reasons)
    }
    return EnergySample(
      source: name, provenance: provenance, joules: joules, low: joules * traits.low,
      high: joules * traits.high)
  }

  /// Reads every counter once; package for tests, which do not wait for the timer.
  package func poll() {
    totals.withLock { totals in
      for (index, counter) in counters.enumerated() {
        do throws(EnergyReason) {
          let raw = try counter.read()
          totals[index].add(raw, time: clock.now())
        } catch {
          totals[index].fault(error.fault, error.message)
          totals[index].lose()
        }
      }
    }
  }
}
