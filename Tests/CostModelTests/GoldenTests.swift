// Worked cases of the cost of ownership, exact to the last digit their source prints.

import CostModel
import Testing

@Suite struct OwnershipGolden {
  @Test("2,000 $ over 4 years, 120 W, 20 tokens/s, always busy: 1.036078 $/M")
  func fullyUsed() {
    let cost = machine().costPerMillion(phase(20, watts: 120))
    #expect(cost.hardware.rounded(to: 6) == 0.792745)
    #expect(cost.energy.rounded(to: 6) == 0.243333)
    #expect(cost.total.rounded(to: 6) == 1.036078)
  }

  @Test("the same used 30 % with 40 W idle: 3.075075 $/M")
  func partlyUsed() {
    let cost = machine(idleWatts: 40, utilisation: 0.3).costPerMillion(phase(20, watts: 120))
    #expect(cost.total.rounded(to: 6) == 3.075075)
    #expect(cost.energyIdle > 0)
  }

  @Test("usage-based accounting of the same machine leaves the idle hours out")
  func usage() {
    let idle = machine(idleWatts: 40, utilisation: 0.3)
    #expect(idle.costPerMillion(phase(20, watts: 120), .usage).total.rounded(to: 6) == 1.036078)
  }

  @Test("150 W at 20 tokens/s and 14.6 c/kWh: 0.304 $/M of electricity alone")
  func energyOnly() {
    let cost = machine().costPerMillion(phase(20, watts: 150), .energyOnly)
    #expect(cost.total.rounded(to: 3) == 0.304)
    #expect(cost.hardware == 0)
    let small = machine().costPerMillion(phase(10, watts: 65), .energyOnly)
    #expect(small.total.rounded(to: 3) == 0.264)
  }

  @Test("annuity at 8 % over 5 years of 10,000 $ with 1,000 $ left: 2,334.11 $ a year")
  func annuity() {
    let purchase = Purchase(
      priceUsd: 10_000.0, residualShare: 0.1, lifeYears: 5, costOfCapital: 0.08,
      maintenanceShare: 0.05)
    #expect(purchase.annuityUsdPerYear.rounded(to: 2) == 2334.11)
    #expect(purchase.maintenanceUsdPerYear == 500)
  }

  @Test("a tiny cost of capital costs hardly more than none", arguments: [1e-18, 1e-12, 1e-9])
  func tinyCapital(share: Double) {
    func yearly(_ costOfCapital: Double) -> Double {
      Purchase(
        priceUsd: 10_000.0, residualShare: 0.1, lifeYears: 5, costOfCapital: costOfCapital,
        maintenanceShare: 0
      ).annuityUsdPerYear
    }
    #expect(yearly(0) == 1800)
    #expect(abs(yearly(share) / 1800 - 1) < 4 * share + 1e-14)
  }

  @Test("2.00 $/h at 85 tokens/s: 6.54 $/M")
  func rental() {
    #expect(rented(2).costPerMillion(phase(85)).total.rounded(to: 2) == 6.54)
  }

  @Test("4.284 $/h at 60 and at 600 tokens/s: 19.833 and 1.983 $/M")
  func cloud() {
    #expect(rented(4.284).costPerMillion(phase(60)).total.rounded(to: 3) == 19.833)
    #expect(rented(4.284).costPerMillion(phase(600)).total.rounded(to: 3) == 1.983)
  }

  @Test("power is 5.9 % of the rent of eight H100, not the largest cost")
  func powerShare() {
    let metered = machine(pue: 1.3, usdPerKWh: 0.085).costPerMillion(
      phase(1_000_000.0 / 3600, watts: 10_000), .energyOnly)
    #expect(metered.total.rounded(to: 3) == 1.105)
    #expect((metered.total / (8 * 2.35) * 100).rounded(to: 1) == 5.9)
  }

  @Test("joules per token give the cost that their watts give")
  func joules() {
    let joules = PhaseThroughput(tokensPerSecond: 20.0, energy: .joulesPerToken(6))
    #expect(machine().costPerMillion(joules) == machine().costPerMillion(phase(20, watts: 120)))
  }
}

@Suite struct BreakEvenGolden {
  func line(_ watts: Double = 120) throws -> CostLine {
    try #require(machine().costLine(of: .outputOnly, decodeOnly(20, watts: watts)))
  }

  @Test("against 3.00 $/M: 15.1149 M tokens a month, 28.76 % of 52.56 M")
  func feasible() throws {
    let line = try line()
    #expect(line.capacityMillionTokensPerMonth.rounded(to: 2) == 52.56)
    guard case .at(let millions, let utilisation) = line.breakEven(apiUsdPerMillion: 3) else {
      Issue.record("no break-even")
      return
    }
    #expect(millions.rounded(to: 4) == 15.1149)
    #expect((utilisation * 100).rounded(to: 2) == 28.76)
  }

  @Test("against V4.1 Flash off-peak the break-even is 41 times the capacity")
  func infeasible() throws {
    let flash = ApiPrice(inputUsdPerMillion: 0.15, outputUsdPerMillion: 0.6)
    let price = flash.usdPerMillion(for: .threeToOne)
    #expect(price.rounded(to: 4) == 0.2625)
    guard
      case .beyondCapacity(let millions, let capacity) = try line().breakEven(
        apiUsdPerMillion: price)
    else {
      Issue.record("expected a break-even beyond capacity")
      return
    }
    #expect(millions.rounded(to: 1) == 2173.9)
    #expect((millions / capacity).rounded() == 41)
    // More machines do not help: each, full, costs more than the API takes for as much.
    for count in 1...50 {
      let made = Double(count) * capacity
      #expect(try line().usdPerMonth(millionTokens: made, machines: Double(count)) > price * made)
    }
  }

  @Test("against gpt-oss-20b no volume breaks even: its price is below the electricity")
  func never() throws {
    let price = ApiPrice(inputUsdPerMillion: 0.03, outputUsdPerMillion: 0.14)
      .usdPerMillion(for: .threeToOne)
    #expect(price.rounded(to: 4) == 0.0575)
    guard case .never(let marginal, _) = try line().breakEven(apiUsdPerMillion: price) else {
      Issue.record("expected never")
      return
    }
    #expect(marginal.rounded(to: 5) == 0.24333)
  }

  @Test("at the break-even volume a month costs the same either way")
  func meets() throws {
    let line = try line()
    guard case .at(let millions, _) = line.breakEven(apiUsdPerMillion: 3) else {
      Issue.record("expected a break-even within capacity")
      return
    }
    #expect(abs(line.usdPerMonth(millionTokens: millions) - 3 * millions) < 1e-9)
  }

  @Test("payback is the price over what is saved a month, never where nothing is saved")
  func payback() throws {
    let line = try line()
    let saved = line.payback(apiUsdPerMillion: 3, millionTokens: 20, runningUsdPerMonth: 0)
    guard case .months(let months) = saved else {
      Issue.record("expected months")
      return
    }
    #expect(months.rounded(to: 2) == (2000 / ((3 - 0.24333333) * 20)).rounded(to: 2))
    #expect(
      line.payback(apiUsdPerMillion: 0.2, millionTokens: 20, runningUsdPerMonth: 0) == .never)
    let rent = try #require(rented(2).costLine(of: .outputOnly, decodeOnly(85)))
    #expect(
      rent.payback(apiUsdPerMillion: 3, millionTokens: 20, runningUsdPerMonth: 0)
        == .notApplicable)
  }

  @Test("traffic of two and a half capacities needs three machines")
  func machines() throws {
    let line = try line()
    #expect(line.machines(for: line.capacityMillionTokensPerMonth * 2.5) == 3)
    #expect(line.machines(for: line.capacityMillionTokensPerMonth) == 1)
    #expect(line.machines(for: 0) == 1)
    #expect(line.machines(for: .infinity) == nil)
  }

  @Test("the monthly line and the cost per million agree at every utilisation", arguments: 1...10)
  func lineAgrees(tenths: Int) throws {
    let u = Double(tenths) / 10
    let assumptions = machine(
      residual: 200, capital: 0.08, maintenance: 0.05, idleWatts: 40, pue: 1.54, utilisation: u,
      onShare: 0.5, fixed: 12)
    let throughput = decodeOnly(20, watts: 120)
    let line = try #require(assumptions.costLine(of: .outputOnly, throughput))
    let millions = line.capacityMillionTokensPerMonth * u
    let cost = try #require(assumptions.costPerMillion(of: .outputOnly, throughput))
    #expect(abs(line.usdPerMonth(millionTokens: millions) / millions - cost.total) < 1e-9)
  }
}
