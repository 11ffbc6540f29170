// RAPL through powercap, on a fake sysfs tree: domains, wrap-around, permission, resets, gaps.

import Foundation
import Measurement
import Synchronization
import Testing

final class HandClock: MonotonicClock {
  private let time = Mutex(0.0)
  func now() -> Double { time.withLock { $0 } }
  func advance(_ seconds: Double) { time.withLock { $0 += seconds } }
}

private let powercap = "/sys/class/powercap"

/// Two sockets with every kind of zone that exists.
private func server() throws -> FakeTree {
  let fake = try FakeTree()
  let zones = [
    "intel-rapl:0": "package-0", "intel-rapl:0:0": "core", "intel-rapl:0:1": "dram",
    "intel-rapl:1": "package-1", "intel-rapl:1:0": "uncore", "intel-rapl:1:1": "dram",
    "intel-rapl:2": "psys", "intel-rapl-mmio:0": "package-0",
  ]
  for (zone, name) in zones {
    try fake.write("\(powercap)/\(zone)/name", "\(name)\n")
    try fake.write("\(powercap)/\(zone)/energy_uj", "1000\n")
    try fake.write("\(powercap)/\(zone)/max_energy_range_uj", "262143328850\n")
  }
  return fake
}

private func window(_ seconds: Double) -> EnergyWindow {
  EnergyWindow(seconds: seconds, utilisation: .known(1), ownUtilisation: 1)
}

@Suite struct RAPLTests {
  @Test("packages and their memory are added; core, uncore, psys and mmio never")
  func domains() throws {
    let fake = try server()
    let names = try RAPLPowercap.zones(fake.tree).map(\.name)
    #expect(
      names == [
        "RAPL package-0", "RAPL package-0 dram", "RAPL package-1", "RAPL package-1 dram",
      ])
  }

  @Test("a window's energy is the sum of the counters' differences")
  func difference() throws {
    let fake = try server()
    let clock = HandClock()
    let meter = try RAPLPowercap.meter(tree: fake.tree, clock: clock)
    #expect(meter.covers == "CPU packages and DRAM, behind the power supply")
    #expect(meter.coverage == .processor && EnergyCoverage.isBehindSupply(meter.name))
    meter.begin()
    clock.advance(2)
    for (zone, value) in [("0", 100_001_000), ("0:1", 20_001_000), ("1", 50_001_000)] {
      try fake.write("\(powercap)/intel-rapl:\(zone)/energy_uj", "\(value)\n")
    }
    let sample = meter.end(window(2))
    #expect(abs((sample.joules.value ?? 0) - 170) < 1e-9)
    #expect(sample.source == "rapl-powercap" && sample.provenance == .measured)
    #expect(abs((sample.low ?? 0) - 153) < 1e-9 && abs((sample.high ?? 0) - 195.5) < 1e-9)
  }

  @Test("one wrap between readings is undone")
  func wrap() throws {
    let fake = try server()
    let clock = HandClock()
    try fake.write("\(powercap)/intel-rapl:0/energy_uj", "262143328000\n")
    let meter = try RAPLPowercap.meter(tree: fake.tree, clock: clock)
    meter.begin()
    clock.advance(1)
    try fake.write("\(powercap)/intel-rapl:0/energy_uj", "99999149\n")
    let sample = meter.end(window(1))
    #expect(abs((sample.joules.value ?? 0) - 100) < 1e-9)
  }

  @Test("readings in the background carry a long window over several wraps")
  func longWindow() throws {
    let fake = try server()
    let clock = HandClock()
    let path = "\(powercap)/intel-rapl:0/energy_uj"
    let range: UInt64 = 262_143_328_851
    let meter = try RAPLPowercap.meter(tree: fake.tree, clock: clock)
    meter.begin()
    var raw: UInt64 = 1000
    for _ in 0..<60 {
      clock.advance(60)
      raw = (raw + 12_000_000_000) % range
      try fake.write(path, "\(raw)\n")
      meter.poll()
    }
    #expect(abs((meter.end(window(3600)).joules.value ?? 0) - 720_000) < 1e-3)
  }

  @Test("a counter that may not be read is a refusal that names it, never part of a sum")
  func permission() throws {
    let fake = try server()
    let path = "\(powercap)/intel-rapl:1/energy_uj"
    let denied = #expect(throws: EnergyReason.self) {
      try RAPLPowercap.meter(tree: fake.tree(denying: [path]))
    }
    #expect(denied?.fault == .permissionDenied && denied?.message.contains(path) == true)
    try fake.remove("\(powercap)/intel-rapl:1/energy_uj")
    let error = #expect(throws: EnergyReason.self) { try RAPLPowercap.meter(tree: fake.tree) }
    #expect(error?.fault == .meterDisappeared)
    #expect(error?.message.contains("intel-rapl:1/energy_uj") == true)
  }

  @Test("no powercap at all is no meter")
  func none() throws {
    let error = #expect(throws: EnergyReason.self) {
      try RAPLPowercap.meter(tree: try FakeTree().tree)
    }
    #expect(error?.fault == .noMeter)
  }

  @Test(
    "a counter that breaks during the window makes it invalid, with the reason",
    arguments: [
      ("garbage\n", 1.0, EnergyFault.garbage), ("999999999999999\n", 1, .garbage),
      ("500\n", 1, .counterReset), ("200000001000\n", 1, .implausiblePower),
      ("2000\n", 400, .gap),
    ])
  func broken(text: String, seconds: Double, fault: EnergyFault) throws {
    let fake = try server()
    let clock = HandClock()
    let meter = try RAPLPowercap.meter(tree: fake.tree, clock: clock)
    meter.begin()
    clock.advance(seconds)
    try fake.write("\(powercap)/intel-rapl:0/energy_uj", text)
    let sample = meter.end(window(seconds))
    #expect(!sample.isValid && sample.joules.value == nil)
    #expect(sample.invalidReasons.map(\.fault).contains(fault))
  }

  @Test("a counter that vanishes and returns spoils its window and none after")
  func vanishes() throws {
    let fake = try server()
    let clock = HandClock()
    let path = "\(powercap)/intel-rapl:0/energy_uj"
    let meter = try RAPLPowercap.meter(tree: fake.tree, clock: clock)
    meter.begin()
    try fake.remove(path)
    clock.advance(1)
    #expect(meter.end(window(1)).invalidReasons.map(\.fault) == [.meterDisappeared])
    try fake.write(path, "5000\n")
    meter.begin()
    clock.advance(1)
    try fake.write(path, "10005000\n")
    #expect(abs((meter.end(window(1)).joules.value ?? 0) - 10) < 1e-9)
  }

  @Test("a package that could not be read when the window opened makes it invalid, not half")
  func lostAtTheBeginning() throws {
    let fake = try server()
    let clock = HandClock()
    let path = "\(powercap)/intel-rapl:0/energy_uj"
    let meter = try RAPLPowercap.meter(tree: fake.tree, clock: clock)
    try fake.remove(path)
    meter.begin()
    try fake.write(path, "5000\n")
    clock.advance(1)
    meter.poll()
    clock.advance(1)
    try fake.write(path, "10005000\n")
    let sample = meter.end(window(2))
    #expect(sample.joules.value == nil && sample.origin == nil)
    #expect(sample.invalidReasons.map(\.fault) == [.meterDisappeared])
    #expect(sample.joules.reason?.contains("when the window opened") == true)
  }

  @Test("a window too short for the counter, or one in which it stands still, has no energy")
  func unresolved() throws {
    let fake = try server()
    let clock = HandClock()
    let meter = try RAPLPowercap.meter(tree: fake.tree, clock: clock)
    meter.begin()
    clock.advance(0.01)
    #expect(meter.end(window(0.01)).invalidReasons.map(\.fault) == [.windowTooShort])
    meter.begin()
    clock.advance(1)
    #expect(meter.end(window(1)).invalidReasons.map(\.fault) == [.garbage])
  }
}
