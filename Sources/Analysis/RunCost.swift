// From measured speed and energy to cost per million tokens, and to a comparison with API prices.

import CostModel
import Measurement
import Models

/// What a million tokens cost on this machine.
public struct RunCost: Sendable {
  public let basis: CostBasis
  public let mix: TokenMix
  /// The tests the cost rests on: the fastest of each phase.
  public let prefill: PhaseMeasurement?
  public let decode: PhaseMeasurement?
  /// As the cost model takes them; a phase without speed, or without an energy that is needed, is nil.
  public let throughput: Throughput<Estimate>
  public let input: CostRange?
  public let output: CostRange?
  public let blended: CostRange?
  /// Electricity alone; nil where it is unknown or part of the rent.
  public let inputEnergyOnly: CostRange?
  public let outputEnergyOnly: CostRange?
  /// Only the busy seconds paid for, as if the idle hours could be sold; not to be set against an API.
  public let inputByUse: CostRange?
  public let outputByUse: CostRange?
  public let blendedByUse: CostRange?
  public let carbon: CarbonCost
  /// Why a figure is missing.
  public let reason: String?

  /// Whether the user's watts stand in place of the tests' energy.
  public var isPricedByWatts: Bool {
    if case .watts = (throughput.decode ?? throughput.prefill)?.energy { true } else { false }
  }

  /// Whether a phase was measured but has no energy that its cost could rest on.
  public var lacksPower: Bool {
    prefill != nil && throughput.prefill == nil || decode != nil && throughput.decode == nil
  }

  public var prefillLabel: String? { prefill?.label }
  public var decodeLabel: String? { decode?.label }

  /// Prices the fastest test of each phase.
  ///
  /// - Parameter factors: Where the tests are of a slice: how many layers each of its layers stands for. The whole is
  ///   priced then, and its provenance is `extrapolated`.
  public init(
    _ tests: [TestResult], basis: CostBasis, mix: TokenMix, factors: [Double]? = nil
  ) throws(CostError) {
    var measurements: [PhaseMeasurement] = []
    for test in tests { measurements.append(try PhaseMeasurement(test, factors: factors)) }
    try self.init(measurements, basis: basis, mix: mix)
  }

  /// - Parameter watts: Power at the wall in place of the tests' own energy; nil keeps that.
  public init(
    _ tests: [PhaseMeasurement], basis: CostBasis, mix: TokenMix, watts: Estimate? = nil
  ) throws(CostError) {
    self.basis = basis
    self.mix = mix
    let assumptions = basis.assumptions
    let tests = PhaseMeasurement.together(tests, mix: mix)
    prefill = PhaseMeasurement.fastest(.prefill, of: tests)
    decode = PhaseMeasurement.fastest(.decode, of: tests)
    let throughput = Throughput<Estimate>(
      prefill: try prefill?.throughput(assumptions, watts: watts),
      decode: try decode?.throughput(assumptions, watts: watts))
    self.throughput = throughput
    input = assumptions.costPerMillion(of: .inputOnly, throughput)
    output = assumptions.costPerMillion(of: .outputOnly, throughput)
    blended = assumptions.costPerMillion(of: mix, throughput)
    let paysEnergy = assumptions.paysEnergy
    inputEnergyOnly =
      paysEnergy ? assumptions.costPerMillion(of: .inputOnly, throughput, .energyOnly) : nil
    outputEnergyOnly =
      paysEnergy ? assumptions.costPerMillion(of: .outputOnly, throughput, .energyOnly) : nil
    inputByUse = assumptions.costPerMillion(of: .inputOnly, throughput, .usage)
    outputByUse = assumptions.costPerMillion(of: .outputOnly, throughput, .usage)
    blendedByUse = assumptions.costPerMillion(of: mix, throughput, .usage)
    let measured = [prefill, decode].compactMap { $0 }
    carbon = CarbonCost(
      basis.carbon, assumptions, throughput, mix: mix,
      knowsEnergy: watts != nil || measured.allSatisfy { $0.joulesPerToken != nil })
    reason = Self.reason(throughput, prefill, decode)
  }

  private static func reason(
    _ throughput: Throughput<Estimate>, _ prefill: PhaseMeasurement?, _ decode: PhaseMeasurement?
  ) -> String? {
    func why(_ name: String, _ test: PhaseMeasurement?) -> String {
      guard let test else { return "\(name) was not measured" }
      return "\(name) has no energy figure (\(test.energyReason ?? "no reason was given"))"
    }
    var reasons: [String] = []
    if throughput.prefill == nil { reasons.append(why("prefill", prefill)) }
    if throughput.decode == nil { reasons.append(why("decode", decode)) }
    return reasons.isEmpty ? nil : reasons.joined(separator: "; ")
  }
}

extension Assumptions {
  /// False where the rent includes the electricity.
  public var paysEnergy: Bool {
    if case .rented(_, includesEnergy: true) = ownership { false } else { true }
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
