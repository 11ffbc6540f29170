// What a level of load cost this machine: energy, time of others, the server's processes.

import Measurement
import Synchronization

/// Looks at meter, counters and the server's processes around a level.
final class LevelWatch: Sendable {
  private struct State {
    var counters: CounterSnapshot?
    var look: Reading<ServerProcesses.Look>?
  }

  private let processes: ServerProcesses?
  private let meter: (any EnergyMeter)?
  private let nodes: Double
  private let counters = SystemCounters()
  private let state = Mutex(State())

  /// - Parameter port: Of a server on this machine.
  init(port: Int?, meter: (any EnergyMeter)?, nodes: Int) {
    processes = port.map { ServerProcesses(port: $0) }
    self.meter = meter
    self.nodes = Double(nodes)
  }

  func begin() {
    let look = processes?.look()
    let first = counters.snapshot()
    state.withLock {
      $0.counters = first
      $0.look = look
    }
    meter?.begin()
  }

  func end(_ level: inout LoadLevel, _ seconds: Double) {
    guard let first = state.withLock({ $0.counters }) else { return }
    let last = counters.snapshot()
    let disturbance = Disturbance(from: first, to: last)
    level.disturbance = disturbance
    if let processes, let before = state.withLock({ $0.look }) {
      level.server = ServerProcesses.use(
        from: before, to: processes.look(), seconds: seconds, utilisation: disturbance.utilisation,
        logicalCPUs: last.logicalCPUs)
    } else {
      level.server = .unknown(reason: "the server is not on this machine")
    }
    guard let meter else { return }
    let window = EnergyWindow(
      seconds: seconds, utilisation: disturbance.utilisation,
      ownUtilisation: Self.utilisation(disturbance, level.server.value?.shareOfMachine))
    level.energy = meter.end(window).ofEach(nodes)
    level.energySeconds = seconds
  }

  /// This program's and the server's share of all CPUs; all that was busy where the server's is not known.
  private static func utilisation(_ disturbance: Disturbance, _ server: Double?) -> Double {
    guard let server else { return disturbance.utilisation.value ?? disturbance.ownUtilisation }
    return min(1, server + disturbance.ownUtilisation)
  }
}

extension EnergySample {
  /// Given and estimated watts are of one machine; a meter covers what it covers.
  fileprivate func ofEach(_ nodes: Double) -> EnergySample {
    guard !provenance.readsMeter, nodes > 1, let joules = joules.value, let low, let high else {
      return self
    }
    return EnergySample(
      source: source, provenance: provenance, joules: joules * nodes, low: low * nodes,
      high: high * nodes)
  }
}
