// Carbon beside money: grams of CO2 equivalent of a million tokens, with the range of all assumptions.

import CostModel

/// What turns energy into carbon.
public struct CarbonBasis: Sendable {
  /// Of the electricity, grams a kWh.
  public let gramsPerKWh: Estimate
  /// Whose grid, which year, from where.
  public let source: String
  /// Of the machine's making; nil where unknown.
  public let embodiedKilograms: Double?
  /// Years the making is spread over.
  public let lifeYears: Estimate

  public init(
    gramsPerKWh: Estimate, source: String, embodiedKilograms: Double?, lifeYears: Estimate
  ) {
    self.gramsPerKWh = gramsPerKWh
    self.source = source
    self.embodiedKilograms = embodiedKilograms
    self.lifeYears = lifeYears
  }
}

/// Grams per million tokens, idle hours included. What an API emits is published by none of the price sources.
public struct CarbonCost: Sendable {
  public let basis: CarbonBasis
  public let input: Estimate?
  public let output: Estimate?
  public let blended: Estimate?
  /// Of the machine's making; nil where that is unknown.
  public let embodiedBlended: Estimate?
  /// Why nothing is known.
  public let reason: String?
  let knowsEnergy: Bool

  /// - Parameter knowsEnergy: False where a rent hides the energy, which is then unknown, not 0.
  init(
    _ basis: CarbonBasis, _ assumptions: Assumptions<Estimate>, _ throughput: Throughput<Estimate>,
    mix: TokenMix, knowsEnergy: Bool
  ) {
    self.basis = basis
    self.knowsEnergy = knowsEnergy
    guard knowsEnergy else {
      (input, output, blended, embodiedBlended) = (nil, nil, nil, nil)
      reason = "no energy figure"
      return
    }
    let inputs = CarbonInputs(basis: basis, assumptions: assumptions, throughput: throughput)
    input = inputs.grams(of: .inputOnly)?.operational
    output = inputs.grams(of: .outputOnly)?.operational
    let all = inputs.grams(of: mix)
    blended = all?.operational
    embodiedBlended = all?.embodied
    let isMeasured = assumptions.best.secondsPerMillion(of: mix, throughput.best) != nil
    reason = all != nil ? nil : isMeasured ? "too large to tell" : "a phase was not measured"
  }
}

/// What carbon is computed from; each range's low end belongs to the least carbon.
private struct CarbonInputs {
  let basis: CarbonBasis
  let assumptions: Assumptions<Estimate>
  let throughput: Throughput<Estimate>

  /// A grid's mean is no measurement of this machine's electricity; a slice's speed is looser still.
  private var provenance: Provenance {
    [throughput.prefill, throughput.decode].reduce(.estimated) {
      max($0, $1?.tokensPerSecond.provenance ?? .estimated)
    }
  }

  /// Grams per million tokens of a mix; nil where a phase was not measured, or the figure is no number.
  func grams(of mix: TokenMix) -> (operational: Estimate, embodied: Estimate?)? {
    let (grid, life) = (basis.gramsPerKWh, basis.lifeYears)
    guard let best = carbon(mix, assumptions.best, throughput.best, grid.best, life.best),
      let low = carbon(mix, assumptions.cheapest, throughput.cheapest, grid.low, life.high),
      let high = carbon(mix, assumptions.dearest, throughput.dearest, grid.high, life.low)
    else { return nil }
    func estimate(_ figure: (Carbon) -> Double?) -> Estimate? {
      guard let a = figure(low), let b = figure(best), let c = figure(high) else { return nil }
      return .ordered(a, b, c, provenance)
    }
    return estimate(\.operationalGramsPerMillion).map {
      (operational: $0, embodied: estimate(\.embodiedGramsPerMillion))
    }
  }

  /// Nil also where a figure is infinite.
  private func carbon(
    _ mix: TokenMix, _ a: Assumptions<Double>, _ t: Throughput<Double>, _ grid: Double,
    _ lifeYears: Double
  ) -> Carbon? {
    let carbon = a.carbonPerMillion(
      of: mix, t, gridGramsPerKWh: grid, embodiedKilograms: basis.embodiedKilograms,
      lifeYears: lifeYears)
    guard let carbon, carbon.operationalGramsPerMillion.isFinite,
      carbon.embodiedGramsPerMillion?.isFinite ?? true
    else { return nil }
    return carbon
  }
}
