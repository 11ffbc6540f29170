// What turns a speed into money on this machine: given by the user, or assumed and said so.

import CostModel
import Measurement
import Models

/// A line of the assumptions a cost rests on.
public struct AssumptionLine: Sendable, Hashable {
  public let name: String
  public let value: Estimate
  public let unit: String
  /// "given", or where the assumed value comes from.
  public let source: String

  public init(name: String, value: Estimate, unit: String, source: String) {
    self.name = name
    self.value = value
    self.unit = unit
    self.source = source
  }
}

/// The user's own figures; nil means: assume, and say what.
public struct CostSettings: Sendable {
  public var usdPerKWh: Double?
  public var hardwareUsd: Double?
  public var lifeYears: Double?
  public var utilisation: Double?
  public var pue: Double?
  public var rentalUsdPerHour: Double?
  /// Colocation, network, staff.
  public var fixedUsdPerMonth: Double?
  public var mix = TokenMix.threeToOne

  public init() {}
}

/// Assumptions with the story of each.
public struct CostBasis: Sendable {
  public let assumptions: Assumptions<Estimate>
  public let lines: [AssumptionLine]
  /// The line of the idle power, by which it is found again in a stored result.
  public static let idleName = "idle power"
  /// Whether the machine's own price was guessed.
  public let assumesHardware: Bool

  /// - Parameters:
  ///   - idleWatts: Of the machine with the model resident.
  /// - Throws: `CostError` for a setting out of range, `DataError` for damaged tables.
  public init(
    _ settings: CostSettings, environment: Environment, idleWatts: Estimate,
    idleSource: String = "the machine with the model resident", tables: SiteTables
  ) throws {
    try self.init(
      settings, processors: environment.cpu.logicalCores.value,
      isVirtual: environment.virtualisation.value.flatMap { $0 } != nil, idleWatts: idleWatts,
      idleSource: idleSource, tables: tables)
  }

  /// - Parameters:
  ///   - processors: Logical ones; nil where unknown.
  ///   - isVirtual: Whether the machine is a virtual one, which is rented rather than bought.
  ///   - idleWatts: Of the machine with the model resident.
  /// - Throws: `CostError` for a setting out of range, `DataError` for damaged tables.
  public init(
    _ settings: CostSettings, processors: Int?, isVirtual: Bool, idleWatts: Estimate,
    idleSource: String = "the machine with the model resident", tables: SiteTables
  ) throws {
    var builder = Builder(tables: tables)
    let tariff = tables.defaultTariff
    let electricity = try builder.pick(
      "electricity", settings.usdPerKWh, unit: "$/kWh",
      assumed: Estimate(
        low: tables.lowTariff.usdPerKWh, best: tariff.usdPerKWh, high: tables.highTariff.usdPerKWh,
        provenance: .given), source: "\(tariff.region) \(tariff.sector), \(tariff.source)")
    let utilisation = try builder.pickRange(
      "utilisation", settings.utilisation, unit: "of on-time", id: "utilisation")
    let pue = try builder.pickRange("PUE", settings.pue, unit: "ratio", id: "pue_home")
    let rents = settings.hardwareUsd == nil && (settings.rentalUsdPerHour != nil || isVirtual)
    let fixed = Estimate.exactly(settings.fixedUsdPerMonth ?? 0)
    let ownership: Ownership<Estimate> =
      rents
      ? .rented(
        usdPerHour: try builder.rent(settings, processors), includesEnergy: true)
      : .bought(try builder.purchase(settings))
    assumptions = Assumptions(
      ownership: ownership, idleWatts: idleWatts, pue: pue, usdPerKWh: electricity,
      utilisation: utilisation, onShare: .exactly(1), fixedUsdPerMonth: fixed,
      cachedInputShare: .exactly(0))
    if settings.fixedUsdPerMonth != nil {
      builder.lines.append(
        AssumptionLine(name: "fixed cost", value: fixed, unit: "$ a month", source: "given"))
    }
    if assumptions.paysEnergy {
      builder.lines.append(
        AssumptionLine(name: Self.idleName, value: idleWatts, unit: "W", source: idleSource))
    }
    lines = builder.lines
    assumesHardware = settings.hardwareUsd == nil && settings.rentalUsdPerHour == nil
    try assumptions.validate()
  }

  private struct Builder {
    let tables: SiteTables
    var lines: [AssumptionLine] = []

    mutating func pick(
      _ name: String, _ given: Double?, unit: String, assumed: Estimate, source: String
    ) -> Estimate {
      let value = given.map { Estimate.exactly($0) } ?? assumed
      lines.append(
        AssumptionLine(
          name: name, value: value, unit: unit, source: given == nil ? source : "given"))
      return value
    }

    /// A range of the ownership table.
    mutating func pickRange(_ name: String, _ given: Double?, unit: String, id: String)
      throws -> Estimate
    {
      guard let range = tables.ownership[id] else {
        throw CostSettingsError.missingRange(id)
      }
      let assumed = try Estimate(
        low: range.low, best: range.best, high: range.high, provenance: .given)
      return pick(name, given, unit: unit, assumed: assumed, source: range.source)
    }

    /// What a virtual machine of this size costs at list prices, by its processors.
    mutating func rent(_ settings: CostSettings, _ count: Int?) throws -> Estimate {
      let processors = Double(max(1, count ?? 1))
      let rates = tables.rentals.compactMap { rental -> Double? in
        guard let vcpus = rental.vcpus, vcpus > 0, rental.id.hasPrefix("c") else { return nil }
        return rental.usdPerHour / Double(vcpus)
      }.sorted()
      guard let low = rates.first, let high = rates.last, let best = Statistics.median(rates) else {
        throw CostSettingsError.missingRange("rentals")
      }
      let assumed = try Estimate(
        low: low * processors, best: best * processors, high: high * processors,
        provenance: .estimated)
      return pick(
        "machine", settings.rentalUsdPerHour, unit: "$/h rented", assumed: assumed,
        source: "virtual machine of \(Int(processors)) vCPU at compute-optimised list prices")
    }

    mutating func purchase(_ settings: CostSettings) throws -> Purchase<Estimate> {
      // No table knows what this machine cost; the width says so.
      let price = pick(
        "machine", settings.hardwareUsd, unit: "$ bought",
        assumed: try Estimate(low: 500, best: 1000, high: 2500, provenance: .estimated),
        source: "a guess: --hardware-cost gives the real price")
      let life = try pickRange("life", settings.lifeYears, unit: "years", id: "pc_life_years")
      let residual = try pickRange("residual value", nil, unit: "of price", id: "residual_share")
      let capital = try pickRange("cost of capital", nil, unit: "a year", id: "cost_of_capital")
      let upkeep = try pickRange(
        "maintenance", nil, unit: "of price a year", id: "maintenance_share")
      return Purchase(
        priceUsd: price,
        residualUsd: try Estimate(
          low: residual.low * price.low, best: residual.best * price.best,
          high: min(residual.high * price.high, price.low), provenance: price.provenance),
        lifeYears: life, costOfCapital: capital, maintenanceShare: upkeep)
    }
  }
}

/// A table the program carries lacks what is needed.
public enum CostSettingsError: Error, CustomStringConvertible {
  case missingRange(String)

  public var description: String {
    switch self {
    case .missingRange(let id): "the built-in tables have no \"\(id)\""
    }
  }
}
