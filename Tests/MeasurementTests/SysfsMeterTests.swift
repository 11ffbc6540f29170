// Meters in fake /sys trees: hardware monitors, batteries and the perf PMU.

import Measurement
import Testing

private func window(_ seconds: Double) -> EnergyWindow {
  EnergyWindow(seconds: seconds, utilisation: .known(1), ownUtilisation: 1)
}

@Suite struct SysfsMeterTests {
  let hwmon = "/sys/class/hwmon"
  let battery = "/sys/class/power_supply/BAT0"
  let perf = "/sys/bus/event_source/devices/power"

  @Test("ACPI's power meter covers the machine; unknown chips are taken only by name")
  func chips() throws {
    let fake = try FakeTree([
      "\(hwmon)/hwmon0/name": "coretemp\n", "\(hwmon)/hwmon1/name": "ina226\n",
      "\(hwmon)/hwmon1/power1_input": "5000000\n", "\(hwmon)/hwmon2/name": "power_meter\n",
      "\(hwmon)/hwmon2/power1_average": "150000000\n",
    ])
    let clock = HandClock()
    let meter = try HardwareMonitor.meter(chip: nil, tree: fake.tree, clock: clock)
    #expect(meter.name == "hwmon-power_meter" && meter.covers == "whole machine")
    meter.begin()
    clock.advance(4)
    #expect(abs((meter.end(window(4)).joules.value ?? 0) - 600) < 1e-9)
    #expect(try HardwareMonitor.meter(chip: "ina226", tree: fake.tree).name == "hwmon-ina226")
    let none = #expect(throws: EnergyReason.self) {
      try HardwareMonitor.meter(chip: "xyz", tree: fake.tree)
    }
    #expect(none?.fault == .noMeter && none?.message.contains("coretemp, ina226") == true)
  }

  @Test("amd_energy's sockets are added and its cores are not")
  func sockets() throws {
    let fake = try FakeTree([
      "\(hwmon)/hwmon0/name": "amd_energy", "\(hwmon)/hwmon0/energy1_label": "Ecore000",
      "\(hwmon)/hwmon0/energy1_input": "7", "\(hwmon)/hwmon0/energy2_label": "Esocket0",
      "\(hwmon)/hwmon0/energy2_input": "1000000",
    ])
    let clock = HandClock()
    #expect(throws: EnergyReason.self) { try HardwareMonitor.meter(chip: nil, tree: fake.tree) }
    let meter = try HardwareMonitor.meter(chip: "amd_energy", tree: fake.tree, clock: clock)
    #expect(meter.coverage == .processor && EnergyCoverage.isBehindSupply(meter.name))
    #expect(meter.shortestWindow == 0.1)
    meter.begin()
    clock.advance(1)
    try fake.write("\(hwmon)/hwmon0/energy2_input", "51000000")
    #expect(abs((meter.end(window(1)).joules.value ?? 0) - 50) < 1e-9)
  }

  @Test("a discharging battery's power is power_now, or current times voltage without its sign")
  func discharging() throws {
    let fake = try FakeTree([
      "\(battery)/type": "Battery", "\(battery)/status": "Discharging",
      "\(battery)/current_now": "-1500000", "\(battery)/voltage_now": "12000000",
      "/sys/class/power_supply/hidpp0/type": "Battery",
      "/sys/class/power_supply/hidpp0/scope": "Device",
      "/sys/class/power_supply/AC/type": "Mains",
    ])
    let reader = try BatteryReader(tree: fake.tree)
    #expect(abs(try reader.watts() - 18) < 1e-9)
    try fake.write("\(battery)/power_now", "20500000")
    #expect(abs(try reader.watts() - 20.5) < 1e-9)
    try fake.write("\(battery)/power_now", "a lot")
    #expect(throws: EnergyReason.self) { try reader.watts() }
    try fake.write("\(battery)/status", "Charging")
    let charging = #expect(throws: EnergyReason.self) { try reader.watts() }
    #expect(charging?.fault == .wrongState)
    let empty = try FakeTree()
    #expect(throws: EnergyReason.self) { try BatteryReader(tree: empty.tree) }
  }

  @Test("the perf PMU's events are read; its folder without events is no meter")
  func perfUnit() throws {
    let fake = try FakeTree(["\(perf)/type": "25\n", "\(perf)/cpumask": "0,64\n"])
    let trap = #expect(throws: EnergyReason.self) { try PerfPower.unit(fake.tree) }
    #expect(trap?.fault == .noMeter)
    for (event, code) in [("energy-pkg", "0x02"), ("energy-ram", "0x03"), ("energy-psys", "0x05")] {
      try fake.write("\(perf)/events/\(event)", "event=\(code)\n")
      try fake.write("\(perf)/events/\(event).scale", "2.3283064365386962890625e-10\n")
      try fake.write("\(perf)/events/\(event).unit", "Joules\n")
    }
    let unit = try PerfPower.unit(fake.tree)
    #expect(unit.type == 25 && unit.cpus == [0, 64])
    #expect(unit.events.map(\.name) == ["energy-pkg", "energy-ram"])
    #expect(unit.events.map(\.config) == [2, 3])
    try fake.write("\(perf)/events/energy-pkg", "umask=1\n")
    #expect(throws: EnergyReason.self) { try PerfPower.unit(fake.tree) }
  }

  @Test("a PMU that the kernel does not have is a reason, not a crash")
  func perfOpen() {
    #expect(throws: EnergyReason.self) {
      try PerfCounter(name: "x", unitJoules: 1, type: 0xFFFF_FFFF, config: 2, cpu: 0)
    }
  }
}
