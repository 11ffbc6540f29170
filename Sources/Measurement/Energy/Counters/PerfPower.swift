// RAPL through perf: the PMU `power` and its events energy-pkg and energy-ram
// (arch/x86/events/rapl.c).

import CMeters
import Foundation

/// An open perf counter. The kernel extends it to 64 bits, so it never wraps.
package final class PerfCounter: EnergyCounter {
  package let name: String
  package let unitJoules: Double
  package let maximum: UInt64? = nil
  private let descriptor: Int32

  package init(
    name: String, unitJoules: Double, type: UInt32, config: UInt64, cpu: Int32
  ) throws(EnergyReason) {
    self.name = name
    self.unitJoules = unitJoules
    descriptor = cm_open_counter(type, config, cpu)
    guard descriptor >= 0 else {
      let number = -descriptor
      let kind: EnergyFault =
        number == EACCES || number == EPERM ? .permissionDenied : .noMeter
      throw EnergyReason(kind, "perf_event_open of \(name): \(String(cString: strerror(number)))")
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  package func read() throws(EnergyReason) -> UInt64 {
    var value: UInt64 = 0
    let count = Foundation.read(descriptor, &value, MemoryLayout<UInt64>.size)
    guard count == MemoryLayout<UInt64>.size else {
      throw EnergyReason(.meterDisappeared, "\(name) gave no value")
    }
    return value
  }
}

/// Finds the events; a PMU folder without them, as in some virtual machines, is no meter.
public enum PerfPower {
  static let folder = "/sys/bus/event_source/devices/power"

  /// One energy counter of the unit.
  package struct Event: Sendable, Equatable {
    package let name: String
    package let config: UInt64
    package let unitJoules: Double
  }

  /// What the kernel says of the power unit.
  package struct Unit: Sendable, Equatable {
    package let type: UInt32
    /// One CPU a package.
    package let cpus: [Int]
    package let events: [Event]
  }

  public static func meter(
    tree: FileTree = FileTree(), clock: any MonotonicClock = SystemClock()
  ) throws(EnergyReason) -> CounterMeter {
    let unit = try unit(tree)
    var counters: [PerfCounter] = []
    for event in unit.events {
      for cpu in unit.cpus {
        guard let cpu = Int32(exactly: cpu) else { continue }
        counters.append(
          try PerfCounter(
            name: "\(event.name) of CPU \(cpu)", unitJoules: event.unitJoules, type: unit.type,
            config: event.config, cpu: cpu))
      }
    }
    let hasDRAM = unit.events.contains { $0.name == "energy-ram" }
    let rapl = RAPLPowercap.traits(hasDRAM: hasDRAM)
    return try CounterMeter(
      traits: MeterTraits(
        name: "rapl-perf", covers: rapl.covers, coverage: rapl.coverage, low: rapl.low,
        high: rapl.high,
        shortestWindow: rapl.shortestWindow), counters: counters, clock: clock)
  }

  package static func unit(_ tree: FileTree) throws(EnergyReason) -> Unit {
    guard tree.exists(folder) else { throw EnergyReason(.noMeter, "\(folder) does not exist") }
    guard tree.exists("\(folder)/events/energy-pkg") else {
      throw EnergyReason(
        .noMeter, "\(folder)/events has no energy-pkg, as in a virtual machine without RAPL")
    }
    guard let type = UInt32(exactly: try tree.counter("\(folder)/type")),
      let cpus = tree.line("\(folder)/cpumask").value.flatMap(CPUList.parse)
    else { throw EnergyReason(.garbage, "\(folder): type or cpumask is not in the known form") }
    var events = [try event("energy-pkg", tree)]
    if tree.exists("\(folder)/events/energy-ram") { events.append(try event("energy-ram", tree)) }
    return Unit(type: type, cpus: cpus.sorted(), events: events)
  }

  /// `event=0x02`, with its scale and unit in files beside it.
  private static func event(_ name: String, _ tree: FileTree) throws(EnergyReason) -> Event {
    let path = "\(folder)/events/\(name)"
    guard let text = tree.line(path).value, text.hasPrefix("event=0x"),
      let config = UInt64(text.dropFirst("event=0x".count), radix: 16),
      let scale = tree.line("\(path).scale").value.flatMap({ Double($0) }), scale.isFinite,
      scale > 0, tree.line("\(path).unit").value == "Joules"
    else { throw EnergyReason(.garbage, "\(path) is not in the known form") }
    return Event(name: name, config: config, unitJoules: scale)
  }
}
