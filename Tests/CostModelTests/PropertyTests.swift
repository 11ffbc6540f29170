// What must hold for any assumptions: monotone costs, intervals around the point, repeatable draws.

import CostModel
import Testing

/// Assumptions from a seed, over the ranges people have.
private func anyMachine(_ random: inout RandomSource) -> Assumptions<Double> {
  func among(_ low: Double, _ high: Double) -> Double { low + random.uniform() * (high - low) }
  let price = among(300, 300_000)
  return machine(
    price: price, residual: price * among(0, 0.3), years: among(2, 7), capital: among(0, 0.12),
    maintenance: among(0, 0.1), idleWatts: among(0, 300), pue: among(1, 1.8),
    usdPerKWh: among(0.03, 0.45), utilisation: among(0.05, 0.8), onShare: among(0.1, 0.8),
    fixed: among(0, 500))
}

private func anyThroughput(_ random: inout RandomSource, idleWatts: Double) -> Throughput<Double> {
  let watts = idleWatts + random.uniform() * 500
  return Throughput(
    prefill: phase(10 + random.uniform() * 2000, watts: watts),
    decode: phase(1 + random.uniform() * 100, watts: watts))
}

@Suite struct CostProperties {
  @Test("cost rises with each cost input and falls with each relief", arguments: 1...200)
  func monotone(seed: UInt64) throws {
    var random = RandomSource(seed: seed)
    let assumptions = anyMachine(&random)
    let throughput = anyThroughput(&random, idleWatts: assumptions.idleWatts)
    let base = try #require(assumptions.costPerMillion(of: .threeToOne, throughput)).total
    for field in AssumptionField.allCases {
      let raised = assumptions.map { $1 == field ? $0 * 1.01 : $0 }
      let faster = throughput.map { $1 == field ? $0 * 1.01 : $0 }
      let cost = try #require(raised.costPerMillion(of: .threeToOne, faster)).total
      let moved = field.effect == .raisesCost ? cost - base : base - cost
      #expect(moved >= -1e-12 * base, "\(field.rawValue), seed \(seed): \(base) -> \(cost)")
    }
  }

  @Test("parts add up to the total", arguments: 1...50)
  func parts(seed: UInt64) throws {
    var random = RandomSource(seed: seed)
    let assumptions = anyMachine(&random)
    let throughput = anyThroughput(&random, idleWatts: assumptions.idleWatts)
    for accounting in Accounting.allCases {
      let cost = try #require(
        assumptions.costPerMillion(of: .threeToOne, throughput, accounting))
      let sum = cost.hardware + cost.maintenance + cost.fixed + cost.energyBusy + cost.energyIdle
      #expect(abs(sum - cost.total) <= 1e-12 * cost.total)
    }
  }

  @Test(
    "the drawn interval and the bounds share their point, and each contains it", arguments: 1...30
  )
  func intervals(seed: UInt64) throws {
    var random = RandomSource(seed: seed)
    let assumptions = anyMachine(&random)
    let throughput = anyThroughput(&random, idleWatts: assumptions.idleWatts)
    let (a, t) = (ranged(assumptions), ranged(throughput))
    let bounds = try #require(a.costPerMillion(of: .threeToOne, t)).usdPerMillion
    let drawn = try #require(
      Simulation(seed: seed, draws: 400).costPerMillion(of: .threeToOne, a, t))
    #expect(bounds.best == drawn.best)
    #expect(bounds.low <= bounds.best && bounds.best <= bounds.high)
    #expect(drawn.low <= drawn.best && drawn.best <= drawn.high)
    #expect(drawn.provenance == .estimated)
  }

  @Test("the same seed gives the same interval, another seed a close one")
  func repeatable() throws {
    let a = ranged(machine(idleWatts: 40, utilisation: 0.3))
    let t = ranged(decodeOnly(20, watts: 120))
    let first = Simulation(seed: 7).costPerMillion(of: .outputOnly, a, t)
    #expect(first == Simulation(seed: 7).costPerMillion(of: .outputOnly, a, t))
    let other = try #require(Simulation(seed: 8).costPerMillion(of: .outputOnly, a, t))
    let high = try #require(first).high
    #expect(other.high != high)
    #expect(abs(other.high / high - 1) < 0.05)
  }

  @Test("exact assumptions give an interval without width")
  func exact() throws {
    let a = machine().map { value, _ in Estimate.exactly(value) }
    let t = decodeOnly(20, watts: 120).map { value, _ in Estimate.exactly(value) }
    let cost = try #require(Simulation().costPerMillion(of: .outputOnly, a, t))
    #expect(cost.low == cost.high)
    #expect(cost.best.rounded(to: 6) == 1.036078)
    #expect(cost.provenance == .given)
  }

  @Test("wider spread of the repetitions widens the interval")
  func bootstrap() throws {
    let a = machine().map { value, _ in Estimate.exactly(value) }
    func width(_ samples: [Double]) throws -> Double {
      var t = decodeOnly(20, watts: 120).map { value, _ in Estimate.exactly(value, .measured) }
      t.decode?.samples = samples
      let cost = try #require(Simulation().costPerMillion(of: .outputOnly, a, t))
      return cost.high - cost.low
    }
    let narrow = try width([19.8, 19.9, 20, 20, 20, 20.1, 20.2])
    let wide = try width([17, 18, 19, 20, 21, 22, 23])
    #expect(narrow > 0)
    #expect(wide > 5 * narrow)
  }

  @Test("an interval as wide as that of two unlike repetitions still gives an answer")
  func absurdlyWide() throws {
    let a = machine().map { value, _ in Estimate.exactly(value) }
    let t = decodeOnly(20, watts: 120).map { value, _ in
      Estimate(checked: value * 1e-9, value, value * 3, .measured)
    }
    let cost = try #require(try Simulation().costPerMillion(of: .outputOnly, a, t))
    #expect(cost.low > 0 && cost.high.isFinite)
  }

  @Test("up to six repetitions the range is drawn from, which is wider than their bootstrap")
  func fewRepetitions() throws {
    let a = machine().map { value, _ in Estimate.exactly(value) }
    func width(_ samples: [Double]) throws -> Double {
      var t = decodeOnly(20, watts: 120).map { value, _ in
        Estimate(checked: value * 0.9, value, value * 1.1, .measured)
      }
      t.decode?.samples = samples
      let cost = try #require(Simulation().costPerMillion(of: .outputOnly, a, t))
      return cost.high - cost.low
    }
    let none = try width([])
    #expect(try width([19.99, 20.01]) == none)
    #expect(try width([19.99, 19.99, 20, 20, 20.01, 20.01]) == none)
    #expect(try width([19.99, 19.99, 20, 20, 20, 20.01, 20.01]) < none)
  }

  @Test("a 90 % range holds 90 % of its draws and the triangle all of them")
  func draws() {
    var random = RandomSource(seed: 3)
    let estimate = Estimate(checked: 0.6, 1, 1.6, .estimated)
    let given = Estimate(checked: 0.6, 1, 1.6, .given)
    let drawn = (0..<20_000).map { _ in estimate.draw(&random) }
    let inside = drawn.count { $0 >= 0.6 && $0 <= 1.6 }
    #expect(abs(Double(inside) / 20_000 - 0.9) < 0.01)
    let below = drawn.count { $0 < 1 }
    #expect(abs(Double(below) / 20_000 - 0.5) < 0.02)
    #expect((0..<20_000).allSatisfy { _ in (0.6...1.6).contains(given.draw(&random)) })
  }
}

@Suite struct CostRefusals {
  @Test("ranges out of order and numbers that are none are refused")
  func ranges() {
    #expect(throws: CostError.self) {
      try Estimate(low: 2, best: 1, high: 3, provenance: .given)
    }
    #expect(throws: CostError.self) {
      try Estimate(low: 0, best: .nan, high: 3, provenance: .given)
    }
    #expect(throws: CostError.self) {
      try Estimate(low: 0, best: 1, high: .infinity, provenance: .given)
    }
  }

  @Test("a utilisation of 130 % is refused by name, value and rule")
  func limits() throws {
    let wrong = machine(utilisation: 1.3).map { value, _ in Estimate.exactly(value) }
    let error = #expect(throws: CostError.self) { try wrong.validate() }
    #expect(error?.description == "utilisation = 1.3: must be from 0.0001 to 1")
  }

  @Test("a drawn machine is never worth more at its end than it cost")
  func residualDraws() throws {
    var a = machine(price: 1000, residual: 500, capital: 0.08).map { value, _ in
      Estimate.exactly(value)
    }
    guard case .bought(var purchase) = a.ownership else {
      Issue.record("a machine with a price is bought")
      return
    }
    purchase.priceUsd = Estimate(checked: 500, 1000, 2500, .estimated)
    purchase.residualShare = Estimate(checked: 0.3, 0.5, 1, .given)
    a.ownership = .bought(purchase)
    let t = decodeOnly(20).map { value, _ in Estimate.exactly(value) }
    let cost = try #require(Simulation().costPerMillion(of: .outputOnly, a, t))
    // All of the price back after four years still costs the capital: 32 $ a year of 400 $, below
    // which hardly any machine is drawn.
    #expect(cost.low >= 400 * 0.08 / 8760 / 0.072)
  }

  @Test("a residual value above the price is refused")
  func residual() {
    let wrong = machine(price: 100, residual: 101).map { value, _ in Estimate.exactly(value) }
    #expect(throws: CostError.self) { try wrong.validate() }
  }

  @Test("a mix that needs a phase that was not measured has no cost, never a zero")
  func missingPhase() {
    #expect(machine().costPerMillion(of: .threeToOne, decodeOnly(20)) == nil)
    #expect(machine().costLine(of: .threeToOne, decodeOnly(20)) == nil)
  }

  @Test("mixes without tokens, with negative tokens or with impossible shares are refused")
  func mixes() {
    #expect(throws: CostError.self) { try TokenMix(inputTokens: 0, outputTokens: 0) }
    #expect(throws: CostError.self) { try TokenMix(inputTokens: -1, outputTokens: 2) }
    #expect(throws: CostError.self) { try TokenMix(inputTokens: .infinity, outputTokens: 2) }
    #expect(throws: CostError.self) {
      try TokenMix(inputTokens: 1, outputTokens: 2, cachedShare: 1.1)
    }
  }
}

@Suite struct SensitivityTests {
  @Test("the assumption with the widest swing comes first and its flip value turns the verdict")
  func flips() throws {
    let a = ranged(machine(price: 2000, idleWatts: 10, utilisation: 0.5))
    let t = ranged(decodeOnly(20, watts: 120))
    let cost: (Assumptions<Double>, Throughput<Double>) -> Double? = {
      $0.costPerMillion(of: .outputOnly, $1)?.total
    }
    let rows = Sensitivity(a, t, apiUsdPerMillion: .exactly(2), cost: cost).table()
    #expect(rows.first?.field == .decodeTokensPerSecond)
    #expect(rows.map(\.swing) == rows.map(\.swing).sorted(by: >))
    let speed = try #require(rows.first?.flipValue)
    let at = try #require(
      a.best.costPerMillion(of: .outputOnly, decodeOnly(speed, watts: 120)))
    #expect(abs(at.total - 2) < 1e-9)
    #expect(!rows.contains { $0.field == .prefillTokensPerSecond })
  }
}
