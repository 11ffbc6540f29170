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
    // A grid's mean is no measurement of this machine's electricity; a slice's speed is looser still.
    let origin = [throughput.prefill, throughput.decode].reduce(Provenance.estimated) {
      max($0, $1?.tokensPerSecond.provenance ?? .estimated)
    }
    func grams(_ mix: TokenMix) -> (operational: Estimate, embodied: Estimate?)? {
      func at(
        _ a: Assumptions<Double>, _ t: Throughput<Double>, _ grid: Double, _ life: Double
      ) -> Carbon? {
        a.carbonPerMillion(
          of: mix, t, gridGramsPerKWh: grid, embodiedKilograms: basis.embodiedKilograms,
          lifeYears: life)
      }
      let (grid, life) = (basis.gramsPerKWh, basis.lifeYears)
      guard let best = at(assumptions.best, throughput.best, grid.best, life.best),
        let low = at(assumptions.cheapest, throughput.cheapest, grid.low, life.high),
        let high = at(assumptions.dearest, throughput.dearest, grid.high, life.low)
      else { return nil }
      guard Self.isFinite(low), Self.isFinite(best), Self.isFinite(high) else { return nil }
      var embodied: Estimate?
      if let a = low.embodiedGramsPerMillion, let b = best.embodiedGramsPerMillion,
        let c = high.embodiedGramsPerMillion
      {
        embodied = .ordered(a, b, c, origin)
      }
      return (
        .ordered(
          low.operationalGramsPerMillion, best.operationalGramsPerMillion,
          high.operationalGramsPerMillion, origin), embodied
      )
    }
    input = grams(.inputOnly)?.operational
    output = grams(.outputOnly)?.operational
    let all = grams(mix)
    blended = all?.operational
    embodiedBlended = all?.embodied
    let isMeasured = assumptions.best.secondsPerMillion(of: mix, throughput.best) != nil
    reason = all != nil ? nil : isMeasured ? "too large to tell" : "a phase was not measured"
  }

  private static func isFinite(_ carbon: Carbon) -> Bool {
    carbon.operationalGramsPerMillion.isFinite
      && carbon.embodiedGramsPerMillion?.isFinite ?? true
  }
}
