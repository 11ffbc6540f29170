// The names, units, limits and directions of the assumptions, for checks, tables and sensitivity.

/// One input of the cost arithmetic. The raw value is its name in JSON and in messages.
public enum AssumptionField: String, Sendable, Hashable, CaseIterable {
  case hardwareUsd = "hardware_usd"
  case residualShare = "residual_share_of_price"
  case lifeYears = "life_years"
  case costOfCapital = "cost_of_capital_per_year"
  case maintenanceShare = "maintenance_share_per_year"
  case rentUsdPerHour = "rent_usd_per_hour"
  case idleWatts = "idle_watts"
  case pue
  case usdPerKWh = "usd_per_kwh"
  case utilisation
  case onShare = "on_share"
  case fixedUsdPerMonth = "fixed_usd_per_month"
  case cachedInputShare = "cached_input_share"
  case prefillTokensPerSecond = "prefill_tokens_per_second"
  case decodeTokensPerSecond = "decode_tokens_per_second"
  case prefillWatts = "prefill_watts"
  case decodeWatts = "decode_watts"
  case prefillJoulesPerToken = "prefill_joules_per_token"
  case decodeJoulesPerToken = "decode_joules_per_token"
  case apiUsdPerMillion = "api_usd_per_million"

  /// Which way the cost of one's own tokens moves with the value.
  public var effect: Effect {
    switch self {
    case .residualShare, .lifeYears, .utilisation, .onShare, .prefillTokensPerSecond,
      .decodeTokensPerSecond:
      .lowersCost
    default: .raisesCost
    }
  }

  /// What a value may be: wider than any machine, narrow enough that no cost made of such values
  /// leaves the range of a Double.
  public var limits: ClosedRange<Double> {
    switch self {
    case .utilisation, .onShare: 1e-4...1
    case .residualShare, .cachedInputShare: 0...1
    case .pue: 1...10
    case .lifeYears: 0.1...100
    case .costOfCapital, .maintenanceShare: 0...10
    case .usdPerKWh: 0...1e4
    case .rentUsdPerHour, .idleWatts, .prefillWatts, .decodeWatts: 0...1e9
    case .prefillTokensPerSecond, .decodeTokensPerSecond: 1e-9...1e12
    case .apiUsdPerMillion: 1e-9...1e9
    case .hardwareUsd, .fixedUsdPerMonth, .prefillJoulesPerToken, .decodeJoulesPerToken: 0...1e12
    }
  }

  /// Refuses a value outside the limits.
  ///
  /// - Parameter name: As the message calls the value: a flag, or the field's own name.
  public func check(_ value: Double, as name: String) throws(CostError) {
    try CostError.check(value, in: limits, as: name)
  }

  /// The value brought back into its limits, for draws from a distribution without them.
  func clamped(_ value: Double) -> Double {
    min(max(value, limits.lowerBound), limits.upperBound)
  }

  func check(_ estimate: Estimate) throws(CostError) {
    for value in [estimate.low, estimate.best, estimate.high] { try check(value, as: rawValue) }
  }
}
