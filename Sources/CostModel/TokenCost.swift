// Cost per million tokens at one point: hardware, upkeep and energy, reserved, by use, or sunk.

/// Which hours and which parts count.
public enum Accounting: String, Sendable, Hashable, CaseIterable {
  /// The machine is paid for all its on-time: what stands against an API.
  case reserved
  /// Only the busy seconds count, as if the rest could be sold.
  case usage
  /// The machine is there anyway: electricity of the busy seconds alone.
  case energyOnly = "energy_only"
}

/// USD per million tokens by part.
public struct CostParts: Sendable, Hashable {
  public var hardware = 0.0
  public var maintenance = 0.0
  public var fixed = 0.0
  public var energyBusy = 0.0
  public var energyIdle = 0.0

  public init() {}

  public var energy: Double { energyBusy + energyIdle }
  public var total: Double { hardware + maintenance + fixed + energy }

  func scaled(by factor: Double) -> CostParts {
    var parts = self
    parts.hardware *= factor
    parts.maintenance *= factor
    parts.fixed *= factor
    parts.energyBusy *= factor
    parts.energyIdle *= factor
    return parts
  }

  static func + (a: CostParts, b: CostParts) -> CostParts {
    var sum = a
    sum.hardware += b.hardware
    sum.maintenance += b.maintenance
    sum.fixed += b.fixed
    sum.energyBusy += b.energyBusy
    sum.energyIdle += b.energyIdle
    return sum
  }
}

extension Assumptions<Double> {
  /// Capital, maintenance and fixed cost of one hour that the machine is on.
  package var hourlyUsd: (hardware: Double, maintenance: Double, fixed: Double) {
    let fixed = fixedUsdPerMonth / (BillingTime.hoursPerMonth * onShare)
    switch ownership {
    case .bought(let purchase):
      let hours = BillingTime.hoursPerYear * onShare
      return (
        purchase.annuityUsdPerYear / hours, purchase.maintenanceUsdPerYear / hours, fixed
      )
    case .rented(let usdPerHour, _):
      return (usdPerHour, 0, fixed)
    }
  }

  /// USD per joule drawn at the wall, cooling included; 0 where the rent includes electricity.
  var usdPerJoule: Double {
    if case .rented(_, includesEnergy: true) = ownership { return 0 }
    return usdPerKWh * pue / 3.6e6
  }

  /// USD per million tokens of one phase.
  public func costPerMillion(
    _ phase: PhaseThroughput<Double>, _ accounting: Accounting = .reserved
  ) -> CostParts {
    var parts = CostParts()
    parts.energyBusy = usdPerJoule * phase.joulesPerToken * 1e6
    guard accounting != .energyOnly else { return parts }
    let share = accounting == .usage ? 1 : utilisation
    let busySeconds = 1e6 / phase.tokensPerSecond
    let onHours = busySeconds / share / 3600
    let hourly = hourlyUsd
    parts.hardware = hourly.hardware * onHours
    parts.maintenance = hourly.maintenance * onHours
    parts.fixed = hourly.fixed * onHours
    parts.energyIdle = usdPerJoule * idleWatts * busySeconds * (1 - share) / share
    return parts
  }

  /// USD per million tokens of a mix; nil where it needs a phase that was not measured.
  public func costPerMillion(
    of mix: TokenMix, _ throughput: Throughput<Double>, _ accounting: Accounting = .reserved
  ) -> CostParts? {
    let computedInput =
      mix.inputTokens * ((1 - mix.cachedShare) + mix.cachedShare * cachedInputShare)
    var sum = CostParts()
    for (phase, tokens) in [
      (throughput.prefill, computedInput), (throughput.decode, mix.outputTokens),
    ] where tokens > 0 {
      guard let phase else { return nil }
      sum = sum + costPerMillion(phase, accounting).scaled(by: tokens / mix.totalTokens)
    }
    return sum
  }

  /// Whether anything of a mix is computed: not where all of it comes free from a cache.
  public func computes(_ mix: TokenMix) -> Bool {
    mix.outputTokens > 0
      || mix.inputTokens * ((1 - mix.cachedShare) + mix.cachedShare * cachedInputShare) > 0
  }

  /// Busy seconds per million tokens of a mix; nil where a needed phase is missing.
  public func secondsPerMillion(of mix: TokenMix, _ throughput: Throughput<Double>) -> Double? {
    let computedInput =
      mix.inputTokens * ((1 - mix.cachedShare) + mix.cachedShare * cachedInputShare)
    var seconds = 0.0
    for (phase, tokens) in [
      (throughput.prefill, computedInput), (throughput.decode, mix.outputTokens),
    ] where tokens > 0 {
      guard let phase else { return nil }
      seconds += tokens / phase.tokensPerSecond
    }
    return seconds * 1e6 / mix.totalTokens
  }
}
