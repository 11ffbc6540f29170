// The cost of several equal machines: what is of each is multiplied, what is the same for all is not.

import CostModel

extension CostBasis {
  /// Lines of one machine's own watts and dollars; shares, lives and tariffs are the same for any number.
  private static let ofEach: Set<String> = [
    machineName, idleName, "fixed cost", "colocation", "staff",
  ]

  /// How the story of a line begins that is of several machines; empty for one.
  public static func ofEach(_ machines: Int) -> String {
    machines > 1 ? "\(machines) machines, of each: " : ""
  }

  /// So many machines of this kind.
  ///
  /// - Parameter countsIdle: False where the idle power is of all of them already, as a meter may cover them.
  public func times(_ machines: Int, countsIdle: Bool = true) -> CostBasis {
    guard machines > 1 else { return self }
    let count = Double(machines)
    var all = self
    all.assumptions.ownership = assumptions.ownership.scaled(by: count)
    all.assumptions.fixedUsdPerMonth = assumptions.fixedUsdPerMonth.scaled(by: count)
    if countsIdle { all.assumptions.idleWatts = assumptions.idleWatts.scaled(by: count) }
    all.carbon = CarbonBasis(
      gramsPerKWh: carbon.gramsPerKWh, source: carbon.source,
      embodiedKilograms: carbon.embodiedKilograms.map { $0 * count }, lifeYears: carbon.lifeYears)
    all.lines = lines.map { line in
      guard Self.ofEach.contains(line.name), countsIdle || line.name != Self.idleName else {
        return line
      }
      return AssumptionLine(
        name: line.name, value: line.value.scaled(by: count), unit: line.unit,
        source: Self.ofEach(machines) + line.source)
    }
    return all
  }
}

extension Ownership<Estimate> {
  fileprivate func scaled(by count: Double) -> Ownership {
    switch self {
    case .rented(let usdPerHour, let includesEnergy):
      return .rented(usdPerHour: usdPerHour.scaled(by: count), includesEnergy: includesEnergy)
    case .bought(var purchase):
      purchase.priceUsd = purchase.priceUsd.scaled(by: count)
      return .bought(purchase)
    }
  }
}
