// Published figures recomputed: the support tickets, DeepSeek's day, cached input, routing.

import CostModel
import Testing

private let deepSeekV3 = ApiPrice(inputUsdPerMillion: 0.27, outputUsdPerMillion: 1.1)
private let gpt4o = ApiPrice(inputUsdPerMillion: 2.5, outputUsdPerMillion: 10)
private let opus4 = ApiPrice(inputUsdPerMillion: 15, outputUsdPerMillion: 75)

@Suite struct Claims {
  @Test(
    "1,000 tickets of 500 in and 300 out cost 0.465, 4.25 and 30.00 $",
    arguments: [(deepSeekV3, 0.465), (gpt4o, 4.25), (opus4, 30.0)])
  func tickets(price: ApiPrice, usd: Double) throws {
    let tickets = try TokenMix(inputTokens: 500_000, outputTokens: 300_000)
    #expect(price.usd(for: tickets).rounded(to: 6) == usd)
  }

  @Test("the printed 3.25 and 11.25 $ for the same tickets are too low by 1.00 and 18.75 $")
  func wrongTickets() throws {
    let tickets = try TokenMix(inputTokens: 500_000, outputTokens: 300_000)
    #expect((gpt4o.usd(for: tickets) - 3.25).rounded(to: 6) == 1)
    #expect((opus4.usd(for: tickets) - 11.25).rounded(to: 6) == 18.75)
  }

  @Test("50,000 tokens a day cannot cost the printed 1.25 $ or 0.19 $ in any mix")
  func impossibleDay() throws {
    let allOutput = try TokenMix(inputTokens: 0, outputTokens: 50_000)
    #expect(gpt4o.usd(for: allOutput) < 1.25)
    #expect(deepSeekV3.usd(for: allOutput) < 0.19)
  }

  @Test("a 3:1 month of 1.5 M tokens costs 6.5625 $ and 0.71625 $")
  func month() throws {
    let mix = try TokenMix(inputTokens: 1_125_000, outputTokens: 375_000)
    #expect(gpt4o.usd(for: mix).rounded(to: 6) == 6.5625)
    #expect(deepSeekV3.usd(for: mix).rounded(to: 6) == 0.71625)
  }

  @Test("DeepSeek's day: 87,072 $ of rent, 0.112 $/M, 545 % over cost")
  func deepSeekDay() throws {
    let usd = 226.75 * 8 * 2 * 24
    #expect(usd == 87_072)
    let millions = 608_000.0 + 168_000
    // The fleet as one rented machine that makes the day's tokens in the day.
    let fleet = rented(226.75 * 8 * 2).costPerMillion(phase(millions * 1e6 / 86_400))
    #expect(fleet.total.rounded(to: 3) == 0.112)
    #expect((fleet.total * millions).rounded(to: 2) == 87_072)
    #expect(((562_027 - usd) / usd * 100).rounded() == 545)
  }

  @Test("its 562,027 $ follow from R1's list prices and the published 56.3 % of cache hits")
  func deepSeekRevenue() throws {
    let r1 = ApiPrice(
      inputUsdPerMillion: 0.55, cachedInputUsdPerMillion: 0.14, outputUsdPerMillion: 2.19)
    func revenue(_ share: Double) throws -> Double {
      r1.usd(for: try TokenMix(inputTokens: 608e9, outputTokens: 168e9, cachedShare: share))
    }
    // The number of hits is solved back from the sum, not published: only 342 B and 56.3 % are, and
    // plain 342 B give 562,100 $. So this shows that the sum is consistent, not that it was derived.
    #expect(try revenue(342.0 / 608).rounded() == 562_100)
    let hits = 342_178_048_780.0
    #expect(try revenue(hits / 608e9).rounded(to: 2) == 562_027)
    #expect((hits / 608e9 * 1000).rounded() == 563)
    #expect((hits / 1e9).rounded() == 342)
  }

  @Test("a 90 % hit rate moves V4.1 Flash input from 0.30 to 0.0354 $/M")
  func cached() throws {
    let flash = ApiPrice(
      inputUsdPerMillion: 0.3, cachedInputUsdPerMillion: 0.006, outputUsdPerMillion: 1.2)
    let mix = try TokenMix(inputTokens: 1, outputTokens: 0, cachedShare: 0.9)
    #expect(flash.usdPerMillion(for: mix).rounded(to: 6) == 0.0354)
    #expect(!flash.assumesNoCacheDiscount(for: mix))
    #expect(gpt4o.assumesNoCacheDiscount(for: mix))
  }

  @Test(
    "saving 60 % and 80 % by V3 for GPT-4o needs 67.4 and 89.8 % routed, 70.9 and 90.9 % in a cascade"
  )
  func routing() throws {
    let cheap = deepSeekV3.usdPerMillion(for: .threeToOne)
    let dear = gpt4o.usdPerMillion(for: .threeToOne)
    for (mode, saving, percent) in [
      (RoutingMode.router, 0.6, 67.4), (.router, 0.8, 89.8), (.cascade, 0.6, 70.9),
      (.cascade, 0.8, 90.9),
    ] {
      // The shares are printed to a tenth of a percent, so half of that is their width.
      let cost = try RoutedCost(
        mode: mode, cheapShare: percent / 100, cheapUsdPerMillion: cheap, dearUsdPerMillion: dear)
      #expect(abs(cost.savingShare - saving) <= 0.0005)
    }
  }

  @Test("a tenfold fall from 10 $ is 1 $")
  func fall() {
    #expect(gpt4o.scaled(by: 0.1).outputUsdPerMillion == 1)
  }

  @Test("one kWh per million tokens on a 400 g grid is 400 g; the making adds its hours")
  func carbon() throws {
    let throughput = decodeOnly(1e6 / 3600, watts: 1000)
    let carbon = try #require(
      machine().carbonPerMillion(
        of: .outputOnly, throughput, gridGramsPerKWh: 400, embodiedKilograms: 8.76,
        lifeYears: 1))
    #expect(carbon.operationalGramsPerMillion.rounded(to: 6) == 400)
    #expect(try #require(carbon.embodiedGramsPerMillion).rounded(to: 6) == 1)
    let cloud = try #require(
      rented(2).carbonPerMillion(of: .outputOnly, throughput, gridGramsPerKWh: 400))
    #expect(cloud.operationalGramsPerMillion.rounded(to: 6) == 400)
    #expect(cloud.embodiedGramsPerMillion == nil)
  }
}
