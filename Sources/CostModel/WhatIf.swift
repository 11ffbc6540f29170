// The same question under other prices of electricity and of the API.

extension Assumptions<Estimate> {
  /// Electricity at `factor` times its price; all else equal.
  public func withElectricity(times factor: Double) -> Assumptions<Estimate> {
    map { value, field in field == .usdPerKWh ? value.scaled(by: factor) : value }
  }
}

extension DecisionCase {
  /// - Parameters:
  ///   - electricityFactor: On the price of a kilowatt-hour.
  ///   - apiFactor: On the API's price.
  ///   - apiUsdPerMillion: Replaces the API's price first, for other hours or another offer.
  public func supposing(
    electricityFactor: Double = 1, apiFactor: Double = 1, apiUsdPerMillion: Estimate? = nil
  ) -> DecisionCase {
    var changed = self
    changed.assumptions = assumptions.withElectricity(times: electricityFactor)
    changed.apiUsdPerMillion =
      (apiUsdPerMillion ?? self.apiUsdPerMillion).scaled(by: apiFactor)
    return changed
  }
}
