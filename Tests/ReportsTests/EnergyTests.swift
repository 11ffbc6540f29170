// Energy in documents: an estimate never stands where a measurement would.

import Analysis
import CostModel
import Measurement
import Models
import Reports
import StrictJSON
import Synchronization
import TestSupport
import Testing

private let model = PowerModel.best(
  for: PowerFacts(
    part: nil, family: nil, threads: 2, memoryGB: nil,
    dramWattsPerGB: WattsRange(low: 0, best: 0, high: 0), teadsCurve: [],
    unknownWattsPerThread: 4, ranges: [.unknownCPU: (0.3, 2.5)]))

/// Measures 50 W, always.
private final class SteadyMeter: EnergyMeter {
  let name = "steady"
  let provenance = EnergyProvenance.measured
  let covers = "a test"
  func begin() {}
  func end(_ window: EnergyWindow) -> EnergySample {
    let joules = 50 * window.seconds
    return EnergySample(
      source: name, provenance: provenance, joules: joules, low: 0.9 * joules, high: 1.1 * joules)
  }
}

/// Measures 50 W, but for some of its windows.
private final class FlakyMeter: EnergyMeter {
  let name = "flaky"
  let provenance = EnergyProvenance.measured
  let covers = "a test"
  private let isLost: @Sendable (Int) -> Bool
  private let windows = Mutex(0)

  init(isLost: @escaping @Sendable (Int) -> Bool) { self.isLost = isLost }

  func begin() {}
  func end(_ window: EnergyWindow) -> EnergySample {
    let number = windows.withLock { count in
      defer { count += 1 }
      return count
    }
    guard !isLost(number) else {
      return EnergySample(
        source: name, provenance: provenance, invalid: [EnergyReason(.gap, "61 s of silence")])
    }
    return SteadyMeter().end(window)
  }
}

@Suite struct EnergyTests {
  private func estimated(_ settings: CostSettings = CostSettings()) throws -> RunReport {
    let model = try #require(model)
    var report = try TinyRun.report(settings: settings, meter: EstimatedMeter(model: model))
    report.energyAccount = EnergyAccount(
      source: model.method.rawValue, provenance: .estimated, covers: model.covers,
      basis: model.basis,
      passedOver: [.init(name: "battery", reason: EnergyReason(.noMeter, "no battery"))],
      idle: IdlePower(nil, shortestWindow: 0, model: model))
    return report
  }

  @Test("an estimate leaves the measured fields null with a reason and stands beside them")
  func estimate() throws {
    let json = try estimated().json
    for test in try #require(json["tests"]?.array) {
      let energy = try #require(test["energy"])
      #expect(energy["joules_per_token"]?.isNull == true && energy["ci_low"]?.isNull == true)
      #expect(energy["power_valid"]?.bool == false)
      #expect(energy["power_invalid_reasons"]?[0]?.string == "no_meter")
      #expect(energy["reason"]?.string?.contains("estimate-unknown-cpu") == true)
      #expect(energy["estimated"]?["method"]?.string == "estimate-unknown-cpu")
      let low = try #require(energy["estimated"]?["low"]?.double)
      let best = try #require(energy["estimated"]?["joules_per_token"]?.double)
      #expect(low > 0 && low < best)
      for sample in try #require(test["samples"]?.array) {
        #expect(sample["joules"]?.isNull == true && sample["joules_low"]?.isNull == true)
        #expect(sample["joules_reason"]?.string != nil)
        #expect(sample["joules_estimated"]?["value"]?.double ?? 0 > 0)
      }
    }
  }

  @Test("an estimate is read back as one, with its range, and prices the result")
  func readBack() throws {
    let report = try estimated()
    let stored = try TinyRun.stored(report)
    for (test, result) in zip(stored.tests, report.tests) {
      let joules = try #require(test.joulesPerToken)
      #expect(joules.provenance == .estimated)
      #expect(joules.best == result.joulesPerToken?.best && joules.low < joules.best)
    }
    #expect(stored.energyAccount?.passedOver.first?.meter == "battery")
    #expect(stored.energyAccount?.idle?.best == 8)
    var settings = CostSettings()
    settings.hardwareUsd = 1000
    let cost = try stored.cost(settings, tables: SiteTables.builtIn)
    #expect(cost.basis.assumptions.idleWatts.best == 8)
    #expect(cost.outputEnergyOnly != nil)
  }

  @Test("a measurement stands in the measured fields, and no estimate beside it")
  func measured() throws {
    let report = try TinyRun.report(meter: SteadyMeter())
    let energy = try #require(report.json["tests"]?[0]?["energy"])
    #expect(energy["power_valid"]?.bool == true && energy["estimated"]?.isNull == true)
    #expect(report.json["tests"]?[0]?["samples"]?[0]?["joules_estimated"]?.isNull == true)
    let stored = try TinyRun.stored(report)
    #expect(stored.tests[0].joulesPerToken?.provenance == .measured)
    #expect(stored.tests[0].joulesPerToken?.best == energy["joules_per_token"]?.double)
  }

  @Test("one repetition without energy leaves the others' figure, stored and priced, with a reason")
  func oneLost() throws {
    var settings = CostSettings()
    settings.hardwareUsd = 1000
    let report = try TinyRun.report(settings: settings, meter: FlakyMeter { $0 % 3 == 0 })
    let json = report.json
    // Repetitions of the tests take turns at random: which of them lost one is a matter of chance.
    let touched = try #require(json["tests"]?.array).filter {
      $0["samples"]?.array?.contains { $0["joules"]?.isNull == true } == true
    }
    #expect(!touched.isEmpty)
    for test in touched {
      let energy = try #require(test["energy"])
      #expect(energy["power_valid"]?.bool == false && energy["provenance"]?.string == "measured")
      #expect(energy["joules_per_token"]?.double ?? 0 > 0)
      #expect(energy["reason"]?.string == "61 s of silence")
      #expect(energy["power_invalid_reasons"]?[0]?.string == "gap")
    }
    let schema = try SchemaValidator(named: "result")
    #expect(schema.violations(of: json) == [])
    let stored = try TinyRun.stored(report)
    for (test, result) in zip(stored.tests, report.tests) {
      #expect(test.joulesPerToken?.provenance == .measured)
      #expect(test.joulesPerToken?.best == result.joulesPerToken?.best)
    }
    #expect(try stored.cost(settings, tables: SiteTables.builtIn).outputEnergyOnly != nil)
  }

  @Test("where no window had energy nothing is headed as measured, and the reason is said")
  func allLost() throws {
    var report = try TinyRun.report(meter: FlakyMeter { _ in true })
    report.energyAccount = EnergyAccount(
      source: "flaky", provenance: .measured, covers: "a test", basis: nil, passedOver: [],
      idle: nil)
    #expect(!report.text().contains("(measured)") && !report.markdown.contains("(measured)"))
    #expect(report.text().contains("Energy: no figure by flaky: 61 s of silence"))
    let energy = try #require(report.json["tests"]?[0]?["energy"])
    #expect(energy["provenance"]?.isNull == true && energy["joules_per_token"]?.isNull == true)
    #expect(EnergySample.notMeasured().origin == nil)
  }

  @Test("a meter that is too slow for the repetitions is not said to be missing")
  func tooSlow() throws {
    var report = try estimated()
    #expect(report.text().contains("No meter works here (battery)"))
    report.energyAccount?.passedOver.append(
      .init(
        name: "rapl-powercap",
        reason: EnergyReason(
          .windowTooShort, "resolves 0.1 s, a repetition may take only 0.003 s")))
    let text = report.text().replacing("\n", with: " ")
    #expect(text.contains("rapl-powercap is there but resolves 0.1 s"))
    #expect(text.contains("ask for more tokens No other meter works here (battery)"))
  }

  @Test("a calibrated figure stands with the estimates, under its own name")
  func calibrated() throws {
    let fit = try Calibration(
      zip([20, 40, 60, 80, 100], [55, 80, 101, 128, 149]).map {
        .init(counterWatts: $0, wallWatts: $1)
      })
    let report = try TinyRun.report(meter: CalibratedMeter(SteadyMeter(), calibration: fit))
    let energy = try #require(report.json["tests"]?[0]?["energy"])
    #expect(energy["joules_per_token"]?.isNull == true)
    #expect(energy["provenance"]?.string == "calibrated")
    #expect(energy["power_invalid_reasons"]?[0]?.string == "calibrated")
    let low = try #require(energy["estimated"]?["low"]?.double)
    #expect(low < (try #require(energy["estimated"]?["joules_per_token"]?.double)))
    let schema = try SchemaValidator(named: "result")
    #expect(schema.violations(of: report.json) == [])
    #expect(try TinyRun.stored(report).tests[0].joulesPerToken?.provenance == .estimated)
  }

  @Test("a stored result's idle power keeps how it was obtained")
  func idleProvenance() throws {
    var settings = CostSettings()
    settings.hardwareUsd = 1000
    let stored = try TinyRun.stored(estimated(settings))
    let cost = try stored.cost(settings, tables: SiteTables.builtIn)
    #expect(cost.basis.assumptions.idleWatts.best == 30)
    #expect(cost.basis.assumptions.idleWatts.provenance == .estimated)
  }

  @Test("energy of a meter behind the power supply is paid for with what the supply loses")
  func supply() throws {
    var settings = CostSettings()
    settings.hardwareUsd = 1000
    func basis(_ source: String?) throws -> CostBasis {
      try CostBasis(
        settings, processors: 2, isVirtual: false, idleWatts: .exactly(30), fullWatts: nil,
        energySource: source, tables: SiteTables.builtIn)
    }
    let (wall, inside) = (try basis("shelly"), try basis("rapl-powercap"))
    #expect(!wall.lines.contains { $0.name == "power supply" })
    let line = try #require(inside.lines.first { $0.name == "power supply" })
    #expect(line.value.provenance == .estimated && line.value.best > 1)
    #expect(line.source.hasPrefix("estimated: rapl-powercap"))
    let tests = try TinyRun.report(meter: SteadyMeter()).tests
    let costs = try [wall, inside].map { try RunCost(tests, basis: $0, mix: settings.mix) }
    let outer = try #require(costs[0].outputEnergyOnly?.usdPerMillion.best)
    let inner = try #require(costs[1].outputEnergyOnly?.usdPerMillion.best)
    #expect(abs(inner / outer - line.value.best) < 1e-9)
  }

  @Test("an idle power that holds at the wall is not charged with the supply's loss once more")
  func supplyAtRest() throws {
    var settings = CostSettings()
    settings.hardwareUsd = 1000
    let tests = try TinyRun.report(meter: SteadyMeter()).tests
    func idleCost(_ idleMeter: String, _ source: String) throws -> Double {
      let basis = try CostBasis(
        settings, processors: 2, isVirtual: false, idleWatts: .exactly(30), idleMeter: idleMeter,
        fullWatts: nil, energySource: source, tables: SiteTables.builtIn)
      #expect(basis.lines.first { $0.name == CostBasis.idleName }?.value.best == 30)
      let cost = try RunCost(tests, basis: basis, mix: settings.mix)
      return try #require(cost.output?.parts.energyIdle)
    }
    let atTheWall = try idleCost("shelly", "shelly")
    let estimated = try idleCost("estimate-specpower", "rapl-powercap")
    let inside = try idleCost("rapl-powercap", "rapl-powercap")
    #expect(abs(estimated / atTheWall - 1) < 1e-9)
    #expect(abs(inside / atTheWall - (try PowerTables.builtIn.psuFactor.best)) < 1e-9)
  }

  @Test("prefill, decode and idle stand apart, and tokens of the mix are their blend")
  func tokenEnergy() throws {
    let report = try TinyRun.report(meter: SteadyMeter())
    let cost = try #require(report.cost)
    let energy = TokenEnergy(cost, idleWatts: .exactly(20))
    let (prefill, decode) = (try #require(energy.prefill), try #require(energy.decode))
    #expect(abs(prefill.watts.best - 50) < 15)
    let total = try #require(energy.perTotalToken)
    let blend = (3 * prefill.joulesPerToken.best + decode.joulesPerToken.best) / 4
    #expect(abs(total.best - blend) < 1e-9 * blend)
    let above = try #require(decode.joulesPerTokenAboveIdle)
    #expect(above.best < decode.joulesPerToken.best && above.low >= 0)
  }

  @Test("a document with an account of its energy is valid")
  func schema() throws {
    let schema = try SchemaValidator(named: "result")
    #expect(schema.violations(of: try estimated().json) == [])
  }

  @Test("an estimate beside a measurement, and one that its samples do not give, are refused")
  func contradictions() throws {
    let text = try estimated().json.text()
    let both = text.replacing(#""joules":null"#, with: #""joules":1.0"#, maxReplacements: 1)
    let wrong = text.replacing(
      #""method":"estimate-unknown-cpu","joules_per_token":"#,
      with: #""method":"estimate-unknown-cpu","joules_per_token":9"#, maxReplacements: 1)
    for document in [both, wrong] {
      #expect(document != text)
      #expect(throws: DataError.self) {
        try StoredResult(parsing: Array(document.utf8), file: "x.json")
      }
    }
  }
}
