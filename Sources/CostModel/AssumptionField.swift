// The names, units, limits and directions of the assumptions, for checks, tables and sensitivity.

/// One input of the cost arithmetic. The raw value is its name in JSON and in messages.
public enum AssumptionField: String, Sendable, Hashable, CaseIterable {
  case hardwareUsd = "hardware_usd"
  case residualUsd = "residual_usd"
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
    case .residualUsd, .lifeYears, .utilisation, .onShare, .prefillTokensPerSecond,
      .decodeTokensPerSecond:
      .lowersCost
    default: .raisesCost
    }
  }

  /// The rule a value breaks, or nil.
  func brokenRule(_ value: Double) -> String? {
    switch self {
    case .utilisation, .onShare: value > 0 && value <= 1 ? nil : "must be above 0 and at most 1"
    case .pue: value >= 1 ? nil : "must be at least 1"
    case .lifeYears, .prefillTokensPerSecond, .decodeTokensPerSecond, .apiUsdPerMillion:
      value > 0 ? nil : "must be above 0"
    case .cachedInputShare: value >= 0 && value <= 1 ? nil : "must be from 0 to 1"
    default: value >= 0 ? nil : "must not be negative"
    }
  }

  /// The value brought back into its limits, for draws from a distribution without them.
  func clamped(_ value: Double) -> Double {
    switch self {
    case .utilisation, .onShare: min(max(value, 1e-9), 1)
    case .cachedInputShare: min(max(value, 0), 1)
    case .pue: max(value, 1)
    default: max(value, 0)
    }
  }

  func check(_ estimate: Estimate) throws(CostError) {
    for value in [estimate.low, estimate.best, estimate.high] {
      guard value.isFinite else { throw .notANumber(field: rawValue) }
      if let rule = brokenRule(value) {
        throw .outOfRange(field: rawValue, value: value, rule: rule)
      }
    }
  }
}
