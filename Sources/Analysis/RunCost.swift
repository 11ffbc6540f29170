// From measured speed and energy to cost per million tokens, and to a comparison with API prices.

import CostModel
import Measurement
import Models

/// What a million tokens cost on this machine.
public struct RunCost: Sendable {
  public let basis: CostBasis
  public let mix: TokenMix
  /// Labels of the tests the cost rests on.
  public let prefillLabel: String?
  public let decodeLabel: String?
  public let input: CostRange?
  public let output: CostRange?
  public let blended: CostRange?
  public let inputEnergyOnly: CostRange?
  public let outputEnergyOnly: CostRange?
  /// Why a figure is missing.
  public let reason: String?

  /// Prices the fastest test of each phase.
  public init(_ tests: [TestResult], basis: CostBasis, mix: TokenMix) throws(CostError) {
    self.basis = basis
    self.mix = mix
    let prefill = Self.fastest(tests, .prefill)
    let decode = Self.fastest(tests, .decode)
    prefillLabel = prefill?.test.label
    decodeLabel = decode?.test.label
    let throughput = Throughput<Estimate>(
      prefill: try prefill.flatMap(Self.phase), decode: try decode.flatMap(Self.phase))
    let assumptions = basis.assumptions
    input = assumptions.costPerMillion(of: .inputOnly, throughput)
    output = assumptions.costPerMillion(of: .outputOnly, throughput)
    blended = assumptions.costPerMillion(of: mix, throughput)
    inputEnergyOnly = assumptions.costPerMillion(of: .inputOnly, throughput, .energyOnly)
    outputEnergyOnly = assumptions.costPerMillion(of: .outputOnly, throughput, .energyOnly)
    reason =
      throughput.prefill == nil
      ? (throughput.decode == nil
        ? "no phase has a speed and an energy" : "prefill has no speed and energy")
      : (throughput.decode == nil ? "decode has no speed and energy" : nil)
  }

  private static func fastest(_ tests: [TestResult], _ phase: Phase) -> TestResult? {
    tests.filter { $0.test.phase == phase && !$0.tokensPerSecond.isEmpty }.max {
      (Statistics.median($0.tokensPerSecond) ?? 0) < (Statistics.median($1.tokensPerSecond) ?? 0)
    }
  }

  private static func phase(_ result: TestResult) throws(CostError) -> PhaseThroughput<Estimate>? {
    guard let summary = result.summary(), let joules = result.joulesPerToken else { return nil }
    let interval = summary.interval
    let speed = try Estimate(
      low: min(summary.median, interval?.low ?? summary.minimum), best: summary.median,
      high: max(summary.median, interval?.high ?? summary.maximum), provenance: .measured)
    let isMeasured = result.samples.allSatisfy { $0.energy.provenance == .measured }
    let energy = try Estimate(
      low: joules.low, best: joules.best, high: joules.high,
      provenance: isMeasured ? .measured : .estimated)
    return PhaseThroughput(
      tokensPerSecond: speed, energy: .joulesPerToken(energy), samples: result.tokensPerSecond)
  }
}

/// An API's price beside this machine's cost.
public struct PriceComparison: Sendable {
  public let quote: Quote
  /// This machine's blended cost over the API's blended price, where both are known.
  public let ratio: Estimate?

  public init(_ quote: Quote, cost: RunCost?) {
    self.quote = quote
    guard let cost, let own = cost.blended?.usdPerMillion, let api = quote.row.apiPrice() else {
      ratio = nil
      return
    }
    let price = api.usdPerMillion(for: cost.mix)
    ratio = price > 0 ? own.scaled(by: 1 / price) : nil
  }
}
