// The verdict: which way, how sure, how many machines, and what would turn it.

import CostModel
import Testing

/// The 2,000 $ machine of the worked cases: 120 W, 20 tokens/s, capacity 52.56 M tokens a month.
private func question(
  _ traffic: String, against price: Double, spread: Bool = false, machines: Int = 1
) throws -> DecisionCase {
  let (a, t) = (machine(), decodeOnly(20, watts: 120))
  return DecisionCase(
    assumptions: spread ? ranged(a) : a.map { value, _ in .exactly(value) },
    throughput: spread ? ranged(t) : t.map { value, _ in .exactly(value, .measured) },
    mix: .outputOnly, traffic: try Traffic(parsing: traffic), apiUsdPerMillion: .exactly(price),
    machines: machines)
}

@Suite struct DecisionTests {
  @Test("above the break-even of 15.1149 M a month owning wins, below it the API")
  func bothSides() throws {
    let above = try question("16M/month", against: 3).decide()
    #expect(above.verdict == .selfHost)
    #expect(above.probabilitySelfHostCheaper == 1 && above.confidence == 1)
    #expect(above.selfHostUsdPerMonth.best.rounded(to: 2) == 45.56)
    #expect(above.apiUsdPerMonth.best == 48)
    let below = try question("15M/month", against: 3).decide()
    #expect(below.verdict == .api)
    #expect(below.confidence == 1)
    #expect(below.breakEven.best == above.breakEven.best)
  }

  @Test("where electricity alone costs more than the API no volume breaks even")
  func never() throws {
    let decision = try question("10M/month", against: 0.0575).decide()
    #expect(decision.verdict == .neverBreaksEven)
    #expect(decision.breakEven.probabilityExists == 0)
    #expect(decision.breakEven.lowMillionTokensPerMonth == nil)
    #expect(decision.payback == .never)
  }

  @Test("a break-even beyond the machine's capacity is none, in the draws too")
  func beyondCapacity() throws {
    let decision = try question("10M/month", against: 0.2625).decide()
    #expect(decision.verdict == .api && decision.confidence == 1)
    #expect(!decision.breakEven.exists && decision.breakEven.probabilityExists == 0)
    guard case .beyondCapacity(let millions, let capacity) = decision.breakEven.best else {
      Issue.record("expected a break-even beyond capacity")
      return
    }
    #expect(millions.rounded(to: 1) == 2173.9 && capacity.rounded(to: 2) == 52.56)
    #expect(decision.breakEven.highMillionTokensPerMonth == nil)
  }

  @Test(
    "where all comes free from a cache there is nothing to decide, and it is not called unmeasured")
  func allCached() throws {
    var cached = try question("10M/month", against: 3)
    cached.mix = try TokenMix(inputTokens: 1000, outputTokens: 0, cachedShare: 1)
    let error = #expect(throws: CostError.self) { try cached.decide() }
    #expect(error == .nothingToCompute)
  }

  @Test("traffic beyond the machine says how many would carry it, and what they cost")
  func cannotServe() throws {
    let decision = try question("5M/day", against: 3).decide()
    #expect(decision.verdict == .cannotServe)
    #expect(decision.machinesNeeded == 3)
    #expect(decision.probabilityServes == 0)
    #expect(decision.utilisation < 1)
    #expect(decision.selfHostUsdPerMonth.best > 3 * 41.66)
    let three = try question("5M/day", against: 3, machines: 3).decide()
    #expect(three.verdict == .selfHost)
  }

  @Test("the usable share of the capacity counts machines for peaks")
  func peaks() throws {
    var question = try question("30M/month", against: 3)
    #expect(try question.decide().machinesNeeded == 1)
    question.usableShare = 0.5
    #expect(try question.decide().machinesNeeded == 2)
  }

  @Test("near the break-even the verdict is honest about its width and repeats with its seed")
  func width() throws {
    let question = try question("15.2M/month", against: 3, spread: true)
    let decision = try question.decide(Simulation(seed: 3))
    #expect(decision == (try question.decide(Simulation(seed: 3))))
    #expect((0.3...0.7).contains(decision.probabilitySelfHostCheaper))
    #expect(decision.selfHostUsdPerMillion.low < 3 && decision.selfHostUsdPerMillion.high > 3)
    let low = try #require(decision.breakEven.lowMillionTokensPerMonth)
    let high = try #require(decision.breakEven.highMillionTokensPerMonth)
    #expect(low < 15.1149 && high > 15.1149)
    #expect(decision.ratio.low < 1 && decision.ratio.high > 1)
  }

  @Test("the parts are those of the utilisation that the traffic gives")
  func parts() throws {
    let decision = try question("15.768M/month", against: 3).decide()
    #expect(decision.utilisation.rounded(to: 6) == 0.3)
    #expect(
      abs(decision.parts.total - decision.selfHostUsdPerMillion.best) < 1e-9)
  }

  @Test("the sensitivity table names what turns the verdict")
  func sensitivity() throws {
    let decision = try question("16M/month", against: 3, spread: true).decide()
    let price = try #require(decision.sensitivity.first { $0.field == .hardwareUsd })
    #expect(price.flips)
    let flip = try #require(price.flipValue)
    // 16 M tokens at 3 $ less the electricity leave 44.1067 $ a month for 48 months.
    #expect(flip.rounded(to: 1) == ((48 - 16 * 0.24333333333) * 48).rounded(to: 1))
  }

  @Test("electricity at half its price and prices at a tenth move the answer as they should")
  func scenarios() throws {
    let question = try question("16M/month", against: 3)
    let base = try question.decide()
    let cheap = try question.supposing(electricityFactor: 0.5).decide()
    #expect(
      (base.selfHostUsdPerMillion.best - cheap.selfHostUsdPerMillion.best).rounded(to: 5)
        == 0.12167)
    #expect(try question.supposing(apiFactor: 0.1).decide().verdict == .api)
    #expect(try question.supposing(apiFactor: 1.83).decide().apiUsdPerMillion.best == 3 * 1.83)
  }

  @Test("a free API, no machine and a phase that was not measured are refused")
  func refusals() throws {
    #expect(throws: CostError.self) { try question("1M/day", against: 0).decide() }
    #expect(throws: CostError.self) { try question("1M/day", against: 3, machines: 0).decide() }
    var missing = try question("1M/day", against: 3)
    missing.mix = .threeToOne
    let error = #expect(throws: CostError.self) { try missing.decide() }
    #expect(error == .noThroughput(phase: "prefill"))
  }
}

@Suite struct TrafficTests {
  @Test(
    "traffic is read with its factor and period",
    arguments: [
      ("2M/day", 2 * 730.0 / 24), ("30M/month", 30.0), ("30000000", 30.0), ("100k/hour", 73.0),
      ("1.5B/month", 1500.0), ("10/s", 26.28), ("1m/Day", 730.0 / 24),
    ] as [(String, Double)])
  func reading(text: String, millions: Double) throws {
    let traffic = try Traffic(parsing: text)
    #expect(abs(traffic.millionTokensPerMonth / millions - 1) < 1e-12)
  }

  @Test(
    "what is no traffic is refused",
    arguments: [
      "", "M/day", "5M/", "5M/fortnight", "-5M/day", "0/day", "inf/day", "nan", "0x10/day",
      "5 M/day",
      "1e9/day", "0.5/month", "999999999T/s", "5MM/day", "5M/day/day", "\u{1b}[31m",
      "9".padding(400) + "T/s",
    ])
  func refusing(text: String) {
    let error = #expect(throws: CostError.self) { try Traffic(parsing: text) }
    #expect(error?.description.contains("\u{1b}") == false)
  }
}

extension String {
  fileprivate func padding(_ count: Int) -> String { String(repeating: self, count: count) }
}
