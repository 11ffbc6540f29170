// Staff, colocation, carbon and the other assumptions a user may give, by hand-made figures.

import Analysis
import CostModel
import Measurement
import Models
import Testing

@Suite struct AssumptionTests {
  private func basis(_ change: (inout CostSettings) -> Void, watts: Estimate? = .exactly(500))
    throws
    -> CostBasis
  {
    var settings = CostSettings()
    settings.hardwareUsd = 2000
    settings.lifeYears = 4
    settings.residualShare = 0
    settings.costOfCapital = 0
    settings.maintenanceShare = 0
    settings.utilisation = 1
    settings.usdPerKWh = 0.146
    change(&settings)
    return try CostBasis(
      settings, processors: 2, isVirtual: false, idleWatts: .exactly(40), fullWatts: watts,
      energySource: nil, tables: SiteTables.builtIn)
  }

  private func cost(_ basis: CostBasis, joules: Estimate? = .exactly(7.5)) throws -> RunCost {
    let decode = PhaseMeasurement(
      label: "tg", phase: .decode, batch: 1, tokensPerSecond: [20], joulesPerToken: joules,
      energyReason: "none")
    let prefill = PhaseMeasurement(
      label: "pp", phase: .prefill, batch: 1, tokensPerSecond: [20], joulesPerToken: joules,
      energyReason: "none")
    return try RunCost([prefill, decode], basis: basis, mix: .threeToOne)
  }

  /// 2,000 $ over 35,040 hours at 72,000 tokens an hour, and 150 W at 20 tokens a second.
  @Test("a machine given in full costs what tco's first case says, and the same by use")
  func given() throws {
    let cost = try cost(basis { _ in })
    let hardware = 2000.0 / 35_040 / 0.072
    let energy = 0.146 * 150 / 3.6e6 * 1e6 / 20
    let output = try #require(cost.output?.usdPerMillion)
    #expect(abs(output.best - hardware - energy) < 1e-9 && output.isExact)
    #expect(cost.outputByUse?.usdPerMillion.best == output.best)
  }

  @Test("idle hours are paid for when reserved, and not when only use is paid")
  func byUse() throws {
    let cost = try cost(basis { $0.utilisation = 0.25 })
    let reserved = try #require(cost.output?.parts)
    let use = try #require(cost.outputByUse?.parts)
    #expect(abs(reserved.hardware - 4 * use.hardware) < 1e-9)
    #expect(use.energyIdle == 0 && reserved.energyIdle > 0)
  }

  @Test("of several machines all that is of each is multiplied, and nothing else")
  func machines() throws {
    func change(_ settings: inout CostSettings) {
      settings.fixedUsdPerMonth = 100
      settings.staffHoursPerMonth = 5
      settings.staffUsdPerHour = 60
      settings.colocationUsdPerKW = 200
      settings.embodiedKilograms = 1000
      settings.utilisation = 0.5
    }
    let one = try cost(basis(change))
    // The same tokens of four machines, which draw four times as much.
    let four = try cost(basis(change).times(4), joules: .exactly(30))
    let ratio =
      try #require(four.output?.usdPerMillion.best) / #require(one.output).usdPerMillion.best
    #expect(abs(ratio - 4) < 1e-9)
    #expect(four.carbon.basis.embodiedKilograms == 4000)
    let lines = Dictionary(
      uniqueKeysWithValues: four.basis.lines.map { ($0.name, $0.value.best) })
    #expect(lines["machine"] == 8000 && lines["staff"] == 1200 && lines["colocation"] == 400)
    #expect(lines["idle power"] == 160 && lines["electricity"] == 0.146)
    #expect(try basis(change).times(4, countsIdle: false).assumptions.idleWatts == .exactly(40))
    var rented = CostSettings()
    rented.hardwareUsd = nil
    let fleet = try CostBasis(
      rented, processors: 2, isVirtual: true, idleWatts: .exactly(40), fullWatts: nil,
      energySource: nil, tables: SiteTables.builtIn)
    guard case .rented(let each, _) = fleet.assumptions.ownership,
      case .rented(let all, _) = fleet.times(4).assumptions.ownership
    else {
      Issue.record("a virtual machine is rented")
      return
    }
    #expect(abs(all.best - 4 * each.best) < 1e-12)
  }

  @Test("a machine that cannot be looked at idles at a share of its full power")
  func idleShare() throws {
    let idle = try IdlePower(shareOfFull: .exactly(5000), reason: "elsewhere")
    #expect(abs(idle.watts.best - 1150) < 1e-9 && idle.provenance == .estimated)
    #expect(abs(idle.watts.low - 700) < 1e-9 && idle.watts.high == 1250)
    // Without any watts none are listed, least of all 0.
    let unknown = try CostBasis(
      CostSettings(), processors: nil, isVirtual: false, idleWatts: nil, fullWatts: nil,
      energySource: nil, tables: SiteTables.builtIn)
    #expect(!unknown.lines.contains { $0.name == CostBasis.idleName })
  }

  @Test("two repetitions without any likeness are priced, however wide their interval is")
  func unlike() throws {
    let tests = [Phase.prefill, .decode].map {
      PhaseMeasurement(
        label: "t", phase: $0, batch: 1, tokensPerSecond: [1, 20_000],
        joulesPerToken: .exactly(7.5), energyReason: "none")
    }
    let cost = try RunCost(tests, basis: basis { _ in }, mix: .threeToOne)
    let output = try #require(cost.output?.usdPerMillion)
    #expect(output.low > 0 && output.high.isFinite)
  }

  @Test("five hours at 60 $ and half a kilowatt at 200 $ a kW are 400 $ a month")
  func fixed() throws {
    let basis = try basis {
      $0.staffHoursPerMonth = 5
      $0.staffUsdPerHour = 60
      $0.colocationUsdPerKW = 200
    }
    #expect(basis.assumptions.fixedUsdPerMonth.best == 400)
    #expect(basis.lines.contains { $0.name == "staff" && $0.value.best == 300 })
    #expect(basis.lines.contains { $0.name == "colocation" && $0.value.best == 100 })
  }

  @Test("half a statement is refused: hours without a rate, colocation without power")
  func refused() throws {
    #expect(throws: CostSettingsError.self) { try basis { $0.staffHoursPerMonth = 5 } }
    #expect(throws: CostSettingsError.self) {
      try basis({ $0.colocationUsdPerKW = 200 }, watts: nil)
    }
    #expect(throws: CostSettingsError.self) { try basis { $0.grid = "Atlantis" } }
    #expect(throws: CostSettingsError.self) { try basis { $0.grid = "-1" } }
    #expect(throws: CostError.self) {
      try basis {
        $0.staffHoursPerMonth = -1; $0.staffUsdPerHour = 1
      }
    }
    #expect(throws: CostError.self) { try basis { $0.residualShare = 1.5 } }
    #expect(throws: CostError.self) { try basis { $0.costOfCapital = .nan } }
    #expect(throws: CostError.self) { try basis { $0.embodiedKilograms = .infinity } }
  }

  @Test("a rent includes the electricity: given all the same, it is said to be unused")
  func rented() throws {
    let plain = try basis {
      $0 = CostSettings()
      $0.rentalUsdPerHour = 0.1
    }
    #expect(!plain.lines.contains { $0.name == "electricity" })
    let given = try basis {
      $0 = CostSettings()
      $0.rentalUsdPerHour = 0.1
      $0.usdPerKWh = 9
    }
    let line = try #require(given.lines.first { $0.name == "electricity" })
    #expect(line.value.best == 9 && line.source == "given, not used: in the rent")
  }

  @Test("a machine both rented and bought is refused by the flag that says so")
  func rentedAndBought() throws {
    for change in [
      { $0.hardwareUsd = 900 }, { $0.lifeYears = 3 }, { $0.residualShare = 0.1 },
    ] as [(inout CostSettings) -> Void] {
      let error = #expect(throws: CostSettingsError.self) {
        try basis {
          $0 = CostSettings()
          $0.rentalUsdPerHour = 2
          change(&$0)
        }
      }
      #expect(error?.description.hasPrefix("--rental and --") == true)
    }
  }

  @Test("a figure no machine has is refused by its flag before it makes a cost infinite")
  func absurd() {
    for (flag, change) in [
      ("--rental", { $0.rentalUsdPerHour = 1e308 }),
      ("--life-years", { $0.lifeYears = 1e-300 }), ("--utilisation", { $0.utilisation = 1e-308 }),
      ("--pue", { $0.pue = 1e308 }), ("--hardware-cost", { $0.hardwareUsd = .nan }),
      ("--residual", { $0.residualShare = 1.5 }), ("--staff-rate", { $0.staffUsdPerHour = -1 }),
      ("--embodied-carbon", { $0.embodiedKilograms = .infinity }),
    ] as [(String, (inout CostSettings) -> Void)] {
      let error = #expect(throws: CostError.self) { try basis(change) }
      #expect(error?.description.hasPrefix(flag) == true, "\(error?.description ?? "accepted")")
    }
  }

  @Test("carbon beyond any number is unknown with a reason, not a crash")
  func hugeCarbon() throws {
    let carbon = try cost(basis { _ in }, joules: .exactly(1e308)).carbon
    #expect(carbon.blended == nil && carbon.reason == "too large to tell")
  }

  @Test("a decode that was not measured is not blamed on a missing power")
  func blame() throws {
    func prefillOnly(_ joules: Estimate?) throws -> RunCost {
      let prefill = PhaseMeasurement(
        label: "pp", phase: .prefill, batch: 1, tokensPerSecond: [20], joulesPerToken: joules,
        energyReason: "none")
      return try RunCost([prefill], basis: basis { _ in }, mix: .threeToOne)
    }
    let measured = try prefillOnly(.exactly(7.5))
    #expect(measured.blended == nil && !measured.lacksPower)
    #expect(try prefillOnly(nil).lacksPower)
    #expect(!AdviceError.noCost("x", needsPower: false).description.contains("--watts"))
  }

  /// 7.5 J a token are 2.0833 kWh a million; 381 g/kWh are Germany's in 2023.
  @Test("carbon is the energy times the grid, named or in grams")
  func carbon() throws {
    for grid in ["DEU", "deu", "381"] {
      let carbon = try cost(basis { $0.grid = grid }).carbon
      let grams = try #require(carbon.output)
      #expect(abs(grams.best - 7.5 / 3.6 * 381) < 1e-6 && grams.isExact)
    }
    let assumed = try #require(try cost(basis { _ in }).carbon.output)
    #expect(assumed.low < assumed.best && assumed.best < assumed.high)
  }

  /// 100 kg over 4 years of 8,760 hours, at 72,000 tokens an hour.
  @Test("the machine's making is spread over its life")
  func embodied() throws {
    let carbon = try cost(basis { $0.embodiedKilograms = 100 }).carbon
    let grams = try #require(carbon.embodiedBlended)
    #expect(abs(grams.best - 100_000 / 35_040.0 / 0.072) < 1e-6)
    #expect(try cost(basis { _ in }).carbon.embodiedBlended == nil)
  }

  @Test("without an energy figure the carbon is unknown, even where the rent hides the energy")
  func unknownCarbon() throws {
    let basis = try basis {
      $0 = CostSettings()
      $0.rentalUsdPerHour = 0.1
    }
    let cost = try cost(basis, joules: nil)
    #expect(cost.output != nil)
    #expect(cost.carbon.output == nil && cost.carbon.reason == "no energy figure")
  }
}
