// Carbon beside money: grid intensity of the energy drawn, and the machine's making spread over its life.

extension Assumptions<Double> {
  /// Kilowatt-hours per million tokens of a mix at the meter of the building, idle time included.
  public func kWhPerMillion(
    of mix: TokenMix, _ throughput: Throughput<Double>, _ accounting: Accounting = .reserved
  ) -> Double? {
    var metered = self
    metered.usdPerKWh = 1
    if case .rented(let usdPerHour, _) = ownership {
      metered.ownership = .rented(usdPerHour: usdPerHour, includesEnergy: false)
    }
    return metered.costPerMillion(of: mix, throughput, accounting)?.energy
  }
}

/// Greenhouse gas of a million tokens.
public struct Carbon: Sendable, Hashable {
  public let operationalGramsPerMillion: Double
  /// Nil where the making of the machine is unknown.
  public let embodiedGramsPerMillion: Double?

  public init(operationalGramsPerMillion: Double, embodiedGramsPerMillion: Double?) {
    self.operationalGramsPerMillion = operationalGramsPerMillion
    self.embodiedGramsPerMillion = embodiedGramsPerMillion
  }
}

extension Assumptions<Double> {
  /// - Parameters:
  ///   - gridGramsPerKWh: Carbon intensity of the electricity.
  ///   - embodiedKilograms: Of the machine's making, spread over `lifeYears`; nil where unknown.
  public func carbonPerMillion(
    of mix: TokenMix, _ throughput: Throughput<Double>, gridGramsPerKWh: Double,
    embodiedKilograms: Double? = nil, lifeYears: Double? = nil
  ) -> Carbon? {
    guard let kWh = kWhPerMillion(of: mix, throughput),
      let seconds = secondsPerMillion(of: mix, throughput)
    else { return nil }
    var embodied: Double?
    if let embodiedKilograms, let lifeYears, lifeYears > 0 {
      let gramsPerHour = embodiedKilograms * 1000 / (BillingTime.hoursPerYear * lifeYears)
      embodied = gramsPerHour * seconds / 3600 / (utilisation * onShare)
    }
    return Carbon(
      operationalGramsPerMillion: kWh * gridGramsPerKWh, embodiedGramsPerMillion: embodied)
  }
}
