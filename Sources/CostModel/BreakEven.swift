// From which volume on owning is cheaper than an API, and when it never is.

/// Where self-hosting and an API cost the same.
public enum BreakEven: Sendable, Hashable {
  /// Million tokens a month, and the share of the machine's capacity that is.
  case at(millionTokensPerMonth: Double, utilisation: Double)
  /// None exists: one machine would have to produce this, and cannot; more of them add as much cost
  /// as they save.
  case beyondCapacity(millionTokensPerMonth: Double, capacityMillionTokensPerMonth: Double)
  /// Each further token costs at least what the API takes: no volume helps.
  case never(marginalUsdPerMillion: Double, apiUsdPerMillion: Double)
}

/// Months until the saved API bill has paid for the machine.
public enum Payback: Sendable, Hashable {
  case months(Double)
  /// Nothing is saved at this volume.
  case never
  /// Nothing was bought.
  case notApplicable
}

/// The monthly cost of a machine for a mix as a straight line: fixed, and so much a million tokens.
public struct CostLine: Sendable, Hashable {
  public let fixedUsdPerMonth: Double
  /// Cost of a further million tokens while the machine is on anyway.
  public let marginalUsdPerMillion: Double
  /// What the machine can produce in a month, all on-time used.
  public let capacityMillionTokensPerMonth: Double
  /// Purchase price of the machine, nil where it is rented.
  public let priceUsd: Double?

  public func usdPerMonth(millionTokens: Double, machines: Double = 1) -> Double {
    fixedUsdPerMonth * machines + marginalUsdPerMillion * millionTokens
  }

  /// Machines that carry `millionTokens` a month: at least 1. Nil where the number is absurd.
  public func machines(for millionTokens: Double) -> Int? {
    Int(exactly: max(1, (millionTokens / capacityMillionTokensPerMonth).rounded(.up)))
  }

  /// - Parameter usableShare: Share of the capacity that may be used on average.
  public func breakEven(apiUsdPerMillion: Double, usableShare: Double = 1) -> BreakEven {
    let margin = apiUsdPerMillion - marginalUsdPerMillion
    guard margin > 0 else {
      return .never(
        marginalUsdPerMillion: marginalUsdPerMillion, apiUsdPerMillion: apiUsdPerMillion)
    }
    let volume = fixedUsdPerMonth / margin
    let usable = capacityMillionTokensPerMonth * usableShare
    guard volume <= usable else {
      return .beyondCapacity(
        millionTokensPerMonth: volume, capacityMillionTokensPerMonth: usable)
    }
    return .at(
      millionTokensPerMonth: volume, utilisation: volume / capacityMillionTokensPerMonth)
  }

  /// Months to pay back the price of `machines` from what a month's API bill exceeds the running cost.
  ///
  /// - Parameter runningUsdPerMonth: Fixed cost without the capital: upkeep, colocation, idle power.
  public func payback(
    apiUsdPerMillion: Double, millionTokens: Double, machines: Double = 1,
    runningUsdPerMonth: Double
  ) -> Payback {
    guard let priceUsd else { return .notApplicable }
    let saved =
      (apiUsdPerMillion - marginalUsdPerMillion) * millionTokens - runningUsdPerMonth * machines
    return saved > 0 ? .months(priceUsd * machines / saved) : .never
  }
}

extension Assumptions<Double> {
  /// Idle energy of a month of on-time, priced. Busy time then costs only what it draws above idle.
  var idleUsdPerMonth: Double {
    usdPerJoule * idleWatts * BillingTime.secondsPerMonth * onShare
  }

  /// Monthly cost without the capital.
  public var runningUsdPerMonth: Double {
    let upkeep =
      switch ownership {
      case .bought(let purchase): purchase.maintenanceUsdPerYear / 12
      case .rented(let usdPerHour, _): usdPerHour * BillingTime.hoursPerMonth * onShare
      }
    return upkeep + fixedUsdPerMonth + idleUsdPerMonth
  }

  /// The cost of a month as a line in its tokens; nil where a needed phase was not measured.
  public func costLine(of mix: TokenMix, _ throughput: Throughput<Double>) -> CostLine? {
    guard let energy = costPerMillion(of: mix, throughput, .energyOnly),
      let seconds = secondsPerMillion(of: mix, throughput), seconds > 0
    else { return nil }
    var capital = 0.0
    var price: Double?
    if case .bought(let purchase) = ownership {
      capital = purchase.annuityUsdPerYear / 12
      price = purchase.priceUsd
    }
    let aboveIdle = energy.total - usdPerJoule * idleWatts * seconds
    return CostLine(
      fixedUsdPerMonth: capital + runningUsdPerMonth,
      marginalUsdPerMillion: max(0, aboveIdle),
      capacityMillionTokensPerMonth: BillingTime.secondsPerMonth * onShare / seconds,
      priceUsd: price)
  }
}
