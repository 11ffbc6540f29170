// The choice of a meter, the doctor's findings and the calibration.

import Measurement
import Testing

private let model = PowerModel.best(
  for: PowerFacts(
    part: nil, family: nil, threads: 2, memoryGB: nil,
    dramWattsPerGB: WattsRange(low: 0, best: 0, high: 0), teadsCurve: [],
    unknownWattsPerThread: 4, ranges: [.unknownCPU: (0.3, 2.5)]))

private func rapl() throws -> FakeTree {
  let zone = "/sys/class/powercap/intel-rapl:0"
  return try FakeTree([
    "\(zone)/name": "package-0", "\(zone)/energy_uj": "5",
    "\(zone)/max_energy_range_uj": "65532610987",
  ])
}

@Suite struct MeterChoiceTests {
  @Test("every form of --meter is read")
  func requests() throws {
    #expect(try MeterRequest(flag: "auto") == .automatic)
    #expect(try MeterRequest(flag: "hwmon:ina226") == .hardwareMonitor(chip: "ina226"))
    #expect(try MeterRequest(flag: "command:echo 5 W: x") == .command("echo 5 W: x"))
    #expect(
      try MeterRequest(flag: "redfish:https://bmc/redfish/v1/Chassis/1/Power")
        == .redfish(url: "https://bmc/redfish/v1/Chassis/1/Power"))
    for bad in ["", "xyz", "csv", "csv:", "rapl:x", "shelly", ":"] {
      #expect(throws: MeterRequestError(text: bad)) { try MeterRequest(flag: bad) }
    }
  }

  @Test("the automatic choice takes the best that resolves a repetition and says what it passed")
  func automatic() throws {
    let fake = try rapl()
    let choice = try MeterFactory(estimate: model, tree: fake.tree).choose(.automatic)
    #expect(choice.meter?.name == "rapl-powercap")
    #expect(choice.passedOver.map(\.name) == ["ipmi-dcmi", "hwmon", "battery"])
    let bare = try FakeTree()
    let estimate = try MeterFactory(estimate: model, tree: bare.tree).choose(.automatic)
    #expect(estimate.meter?.name == "estimate-unknown-cpu")
    #expect(estimate.meter?.provenance == .estimated)
    #expect(try MeterFactory(estimate: nil, tree: bare.tree).choose(.automatic).meter == nil)
    #expect(try MeterFactory(estimate: model, tree: bare.tree).choose(.none).meter == nil)
  }

  @Test("a battery is too slow for short repetitions and taken for long ones")
  func slow() throws {
    let battery = "/sys/class/power_supply/BAT0"
    let fake = try FakeTree([
      "\(battery)/type": "Battery", "\(battery)/status": "Discharging",
      "\(battery)/power_now": "15000000",
    ])
    let factory = MeterFactory(estimate: model, tree: fake.tree)
    #expect(try factory.choose(.automatic, windowSeconds: 2).meter?.provenance == .estimated)
    #expect(try factory.choose(.automatic, windowSeconds: 600).meter?.name == "battery")
    #expect(try factory.choose(.battery).meter?.name == "battery")
  }

  @Test("a chip that sees the processor alone comes after the battery, which sees the machine")
  func processorChip() throws {
    let (battery, chip) = ("/sys/class/power_supply/BAT0", "/sys/class/hwmon/hwmon0")
    let fake = try FakeTree([
      "\(battery)/type": "Battery", "\(battery)/status": "Discharging",
      "\(battery)/power_now": "15000000", "\(chip)/name": "amd_energy",
      "\(chip)/energy1_label": "Esocket0", "\(chip)/energy1_input": "7",
    ])
    let factory = MeterFactory(estimate: model, tree: fake.tree)
    #expect(try factory.choose(.automatic, windowSeconds: 600).meter?.name == "battery")
    let short = try factory.choose(.automatic, windowSeconds: 2)
    #expect(short.meter?.name == "hwmon-amd_energy" && short.shortestWindow == 0.1)
  }

  @Test("any of the controller's device files is one, for the choice and for the doctor")
  func controllers() throws {
    let fake = try FakeTree(["/dev/ipmi/0": ""])
    let finding = Doctor(tree: fake.tree, estimate: model).meters().first {
      $0.subject == "ipmi-dcmi"
    }
    #expect(finding?.state == .available && finding?.detail.hasPrefix("/dev/ipmi/0 ") == true)
  }

  @Test("the doctor says plainly that macOS's IOReport is not implemented")
  func ioReport() throws {
    let findings = Doctor(tree: try FakeTree().tree, estimate: model).meters()
    let finding = try #require(findings.first { $0.subject == "macOS IOReport" })
    #expect(finding.state == .absent && finding.detail.hasPrefix("not implemented"))
  }

  @Test("a calibration holds for counters of this machine, not for whatever a command prints")
  func calibratable() {
    for name in ["rapl-powercap", "rapl-perf", "hwmon-amd_energy", "battery"] {
      #expect(Calibration.applies(to: name))
    }
    for name in ["command", "csv", "shelly", "redfish", "ipmi-dcmi", "powermetrics", "none"] {
      #expect(!Calibration.applies(to: name))
    }
  }

  @Test("a calibrated figure is no measurement, has an interval and is never below nothing")
  func calibrated() throws {
    let fit = try Calibration(
      zip([20, 40, 60, 80, 100], [5, 30, 51, 78, 99]).map {
        .init(counterWatts: $0, wallWatts: $1)
      })
    let meter = CalibratedMeter(
      GivenWattsMeter(WattsRange(low: 17, best: 17, high: 17)), calibration: fit)
    meter.begin()
    let sample = meter.end(EnergyWindow(seconds: 1, utilisation: .known(1), ownUtilisation: 1))
    #expect(sample.provenance == .calibrated && sample.origin == .calibrated)
    #expect(sample.low == 0)
    #expect(try #require(sample.high) > (try #require(sample.joules.value)))
  }

  @Test("a meter that is not there is passed over for that, however short the repetitions are")
  func absent() throws {
    let bare = try FakeTree()
    let choice = try MeterFactory(estimate: model, tree: bare.tree).choose(
      .automatic, windowSeconds: 0.001)
    #expect(choice.passedOver.first { $0.name == "battery" }?.reason.fault == .noMeter)
    #expect(choice.passedOver.first { $0.name == "rapl-powercap" }?.reason.fault == .noMeter)
    let fake = try rapl()
    let short = try MeterFactory(estimate: model, tree: fake.tree).choose(
      .automatic, windowSeconds: 0.001)
    let passed = short.passedOver.first { $0.name == "rapl-powercap" }
    #expect(passed?.reason.fault == .windowTooShort)
  }

  @Test("the idle power is the meter's where it measures, and the model's with a reason elsewhere")
  func idle() throws {
    let model = try #require(model)
    let without = IdlePower(nil, shortestWindow: 0, model: model)
    #expect(without.provenance == .estimated && without.watts.best == 8)
    #expect(without.reason == "no meter" && without.seconds == nil)
    let estimate = IdlePower(EstimatedMeter(model: model), shortestWindow: 0, model: model)
    #expect(estimate.source == "estimate-unknown-cpu" && estimate.reason?.isEmpty == false)
    let battery = "/sys/class/power_supply/BAT0"
    let fake = try FakeTree([
      "\(battery)/type": "Battery", "\(battery)/status": "Discharging",
      "\(battery)/power_now": "15000000",
    ])
    let choice = try MeterFactory(estimate: model, tree: fake.tree).choose(.battery)
    let slow = IdlePower(choice.meter, shortestWindow: choice.shortestWindow, model: model)
    #expect(slow.reason == "battery would need 375 s" && slow.provenance == .estimated)
  }

  @Test("a meter asked for by name is never replaced")
  func explicit() throws {
    let bare = try FakeTree()
    let factory = MeterFactory(estimate: model, tree: bare.tree)
    for request in [MeterRequest.raplPowercap, .raplPerf, .battery, .hardwareMonitor(chip: nil)] {
      #expect(throws: EnergyReason.self) { try factory.choose(request) }
    }
    let missing = #expect(throws: EnergyReason.self) {
      try factory.choose(.csv(path: "/nowhere.csv"))
    }
    #expect(missing?.message.contains("/nowhere.csv") == true)
  }

  @Test("the doctor names what is blocked and the rule that opens it")
  func doctor() throws {
    let fake = try rapl()
    let denied = fake.tree(denying: ["/sys/class/powercap/intel-rapl:0/energy_uj"])
    let findings = Doctor(tree: denied, estimate: model).findings()
    let finding = try #require(findings.first { $0.subject == "rapl-powercap" })
    #expect(finding.state == .blocked)
    #expect(finding.remedy?.contains("chgrp rapl /sys/%p/energy_uj") == true)
    let open = Doctor(tree: fake.tree, estimate: model).meters()
    #expect(open.first { $0.subject == "rapl-powercap" }?.state == .available)
    #expect(open.first { $0.subject == "estimate" }?.state == .available)
  }

  @Test("the doctor advises on a slow governor, a quota and a load")
  func conditions() throws {
    let fake = try FakeTree([
      "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave",
      "/sys/fs/cgroup/cgroup.controllers": "cpu", "/sys/fs/cgroup/cpu.max": "150000 100000",
      "/proc/loadavg": "3.00 1 1 1/1 1", "/proc/meminfo": "SwapTotal: 0 kB\nSwapFree: 0 kB\n",
    ])
    let advice = Doctor(tree: fake.tree, estimate: nil).conditions().filter { $0.state == .advice }
    #expect(advice.map(\.subject) == ["frequency governor", "CPU quota", "load"])
    #expect(advice.allSatisfy { $0.remedy != nil })
  }

  /// scipy.stats.linregress, with t(0.975, 3) times its standard errors.
  @Test("a calibration is scipy's line with its intervals")
  func calibration() throws {
    let calibration = try Calibration(
      zip([20, 40, 60, 80, 100], [55, 80, 101, 128, 149]).map {
        .init(counterWatts: $0, wallWatts: $1)
      })
    #expect(abs(calibration.slope.best - 1.18) < 1e-9)
    #expect(abs(calibration.slope.low - 1.099910190986564) < 1e-9)
    #expect(abs(calibration.slope.high - 1.2600898090134358) < 1e-9)
    #expect(abs(calibration.baseline.best - 31.8) < 1e-9)
    #expect(abs(calibration.baseline.low - 26.487443079424175) < 1e-9)
    let wall = calibration.wallWatts(counterWatts: 50)
    // t(0.95, 3) times the deviation of one further window: the root of 1 + 1/5 + 10^2/4000 over the residual.
    #expect(abs(wall.best - 90.8) < 1e-9 && abs(wall.high - wall.best - 4.145751003047246) < 1e-9)
  }

  @Test("windows that cannot carry a line are refused")
  func noLine() {
    let same = Calibration.Window(counterWatts: 50, wallWatts: 80)
    #expect(throws: CalibrationError.noSpread) { try Calibration([same, same, same, same]) }
    let noise = zip([10.0, 20, 30, 40], [50.0, 40, 60, 45]).map {
      Calibration.Window(counterWatts: $0, wallWatts: $1)
    }
    let error = #expect(throws: CalibrationError.self) { try Calibration(noise) }
    #expect(error?.description.contains("tells nothing") == true)
    #expect(throws: CalibrationError.tooFewWindows(0)) {
      try Calibration([.init(counterWatts: .nan, wallWatts: 1)])
    }
  }
}
