// What a machine costs and draws: every assumption behind a price per token, once, for ranges and for points.

/// Which way a cost moves when the value rises. Each formula is monotone in each value, so
/// the two extreme corners bound it.
public enum Effect: Sendable, Hashable { case raisesCost, lowersCost }

/// A machine that was bought: price, what is left at the end, and the capital tied up meanwhile.
public struct Purchase<Value: Sendable>: Sendable {
  public var priceUsd: Value
  /// What it is worth at the end, as a share of its price: never more than that, however both vary.
  public var residualShare: Value
  public var lifeYears: Value
  /// Cost of capital per year, as a share: 0.08 is 8 %.
  public var costOfCapital: Value
  /// Maintenance and spares per year, as a share of the price.
  public var maintenanceShare: Value

  public init(
    priceUsd: Value, residualShare: Value, lifeYears: Value, costOfCapital: Value,
    maintenanceShare: Value
  ) {
    self.priceUsd = priceUsd
    self.residualShare = residualShare
    self.lifeYears = lifeYears
    self.costOfCapital = costOfCapital
    self.maintenanceShare = maintenanceShare
  }
}

/// How the machine is paid for.
public enum Ownership<Value: Sendable>: Sendable {
  case bought(Purchase<Value>)
  /// Rented by the hour. Cloud prices include electricity; a bare colocated rental may not.
  case rented(usdPerHour: Value, includesEnergy: Bool)
}

/// All that turns a speed into money. `Value` is `Estimate` (ranges) or `Double` (one point).
public struct Assumptions<Value: Sendable>: Sendable {
  public var ownership: Ownership<Value>
  /// Watts at the wall while the model is resident and idle.
  public var idleWatts: Value
  /// Power usage effectiveness: facility energy per energy of the machine, 1 or more.
  public var pue: Value
  public var usdPerKWh: Value
  /// Share of the on-time spent on useful work, in (0, 1].
  public var utilisation: Value
  /// Share of all hours the machine is on (or rented), in (0, 1].
  public var onShare: Value
  /// Colocation, network, staff.
  public var fixedUsdPerMonth: Value
  /// What a cached input token costs of a computed one; 0 where the engine keeps the prefix.
  public var cachedInputShare: Value

  public init(
    ownership: Ownership<Value>, idleWatts: Value, pue: Value, usdPerKWh: Value,
    utilisation: Value, onShare: Value, fixedUsdPerMonth: Value, cachedInputShare: Value
  ) {
    self.ownership = ownership
    self.idleWatts = idleWatts
    self.pue = pue
    self.usdPerKWh = usdPerKWh
    self.utilisation = utilisation
    self.onShare = onShare
    self.fixedUsdPerMonth = fixedUsdPerMonth
    self.cachedInputShare = cachedInputShare
  }

  /// The same assumptions with every value replaced; the one list of all fields and their effects.
  public func map<Other: Sendable, Failure: Error>(
    _ pick: (Value, AssumptionField) throws(Failure) -> Other
  ) throws(Failure) -> Assumptions<Other> {
    Assumptions<Other>(
      ownership: try ownership.map(pick),
      idleWatts: try pick(idleWatts, .idleWatts),
      pue: try pick(pue, .pue),
      usdPerKWh: try pick(usdPerKWh, .usdPerKWh),
      utilisation: try pick(utilisation, .utilisation),
      onShare: try pick(onShare, .onShare),
      fixedUsdPerMonth: try pick(fixedUsdPerMonth, .fixedUsdPerMonth),
      cachedInputShare: try pick(cachedInputShare, .cachedInputShare))
  }
}

extension Ownership {
  func map<Other: Sendable, Failure: Error>(
    _ pick: (Value, AssumptionField) throws(Failure) -> Other
  ) throws(Failure) -> Ownership<Other> {
    switch self {
    case .bought(let p):
      .bought(
        Purchase<Other>(
          priceUsd: try pick(p.priceUsd, .hardwareUsd),
          residualShare: try pick(p.residualShare, .residualShare),
          lifeYears: try pick(p.lifeYears, .lifeYears),
          costOfCapital: try pick(p.costOfCapital, .costOfCapital),
          maintenanceShare: try pick(p.maintenanceShare, .maintenanceShare)))
    case .rented(let usdPerHour, let includesEnergy):
      .rented(
        usdPerHour: try pick(usdPerHour, .rentUsdPerHour), includesEnergy: includesEnergy)
    }
  }
}
