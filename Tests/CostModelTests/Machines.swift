// Machines and ranges the tests share.

import CostModel

/// Built best values first; every test says only what it varies. The residual is in $.
func machine(
  price: Double = 2000, residual: Double = 0, years: Double = 4, capital: Double = 0,
  maintenance: Double = 0, idleWatts: Double = 0, pue: Double = 1, usdPerKWh: Double = 0.146,
  utilisation: Double = 1, onShare: Double = 1, fixed: Double = 0
) -> Assumptions<Double> {
  Assumptions(
    ownership: .bought(
      Purchase(
        priceUsd: price, residualShare: residual / price, lifeYears: years, costOfCapital: capital,
        maintenanceShare: maintenance)),
    idleWatts: idleWatts, pue: pue, usdPerKWh: usdPerKWh, utilisation: utilisation,
    onShare: onShare, fixedUsdPerMonth: fixed, cachedInputShare: 0)
}

func rented(_ usdPerHour: Double) -> Assumptions<Double> {
  var assumptions = machine()
  assumptions.ownership = .rented(usdPerHour: usdPerHour, includesEnergy: true)
  return assumptions
}

func phase(_ tokensPerSecond: Double, watts: Double = 0) -> PhaseThroughput<Double> {
  PhaseThroughput(tokensPerSecond: tokensPerSecond, energy: .watts(watts))
}

func decodeOnly(_ tokensPerSecond: Double, watts: Double = 0) -> Throughput<Double> {
  Throughput(prefill: nil, decode: phase(tokensPerSecond, watts: watts))
}

/// A range 20 % to either side, cut where a share would exceed 1.
func ranged(_ assumptions: Assumptions<Double>) -> Assumptions<Estimate> {
  assumptions.map { value, field in
    let cap =
      field == .utilisation || field == .onShare || field == .cachedInputShare
        || field == .residualShare ? 1 : Double.infinity
    let floor = field == .pue ? 1 : 0.0
    return Estimate(
      checked: max(floor, value * 0.8), value, min(cap, value * 1.2), .estimated)
  }
}

func ranged(_ throughput: Throughput<Double>) -> Throughput<Estimate> {
  throughput.map { value, _ in Estimate(checked: value * 0.8, value, value * 1.2, .measured) }
}

extension Estimate {
  /// For ranges a test writes itself and that are in order.
  init(checked low: Double, _ best: Double, _ high: Double, _ provenance: Provenance) {
    guard let made = try? Estimate(low: low, best: best, high: high, provenance: provenance)
    else { preconditionFailure("range out of order: \(low), \(best), \(high)") }
    self = made
  }
}

extension Double {
  /// Rounded to a number of decimals, for "exact to the cent".
  func rounded(to decimals: Int) -> Double {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    return (self * scale).rounded() / scale
  }
}
