// What turns a speed into money on this machine: given by the user, or assumed and said so.

import CostModel
import Measurement
import Models
import StrictJSON

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
  /// Shares of the price, or of the price a year.
  public var residualShare: Double?
  public var costOfCapital: Double?
  public var maintenanceShare: Double?
  /// Share of all hours the machine is on.
  public var onShare: Double?
  /// What a cached input token costs of a computed one.
  public var cachedInputShare: Double?
  /// Whatever else there is to pay a month.
  public var fixedUsdPerMonth: Double?
  /// $ a kW and month, for the power the machine draws at most.
  public var colocationUsdPerKW: Double?
  public var staffHoursPerMonth: Double?
  public var staffUsdPerHour: Double?
  /// The id of a grid in the tables, or grams a kWh.
  public var grid: String?
  /// Of the machine's making.
  public var embodiedKilograms: Double?
  public var mix = TokenMix.threeToOne

  public init() {}
}

extension CostSettings {
  /// What only the owner of a machine pays, by flag.
  private var ofOwners: [(flag: String, value: Double?, field: AssumptionField)] {
    [
      ("--hardware-cost", hardwareUsd, .hardwareUsd), ("--life-years", lifeYears, .lifeYears),
      ("--residual", residualShare, .residualShare),
      ("--cost-of-capital", costOfCapital, .costOfCapital),
      ("--maintenance", maintenanceShare, .maintenanceShare),
    ]
  }

  /// Whether anything is given that only the owner of a machine pays.
  public var ownsMachine: Bool { ofOwners.contains { $0.value != nil } }

  /// Refuses figures outside their limits, by the name of their flag, and a machine both rented and
  /// bought, before anything is measured.
  ///
  /// - Throws: `CostError` or `CostSettingsError`.
  public func validate() throws {
    let fields: [(flag: String, value: Double?, field: AssumptionField)] =
      ofOwners + [
        ("--rental", rentalUsdPerHour, .rentUsdPerHour), ("--price-per-kwh", usdPerKWh, .usdPerKWh),
        ("--utilisation", utilisation, .utilisation), ("--on-share", onShare, .onShare),
        ("--pue", pue, .pue), ("--cached-cost", cachedInputShare, .cachedInputShare),
        ("--fixed-cost", fixedUsdPerMonth, .fixedUsdPerMonth),
      ]
    for (flag, value, field) in fields {
      if let value { try field.check(value, as: flag) }
    }
    for (flag, value, most) in [
      ("--colocation", colocationUsdPerKW, 1e6), ("--staff-hours", staffHoursPerMonth, 1e6),
      ("--staff-rate", staffUsdPerHour, 1e6), ("--embodied-carbon", embodiedKilograms, 1e12),
    ] {
      if let value { try CostError.check(value, in: 0...most, as: flag) }
    }
    if rentalUsdPerHour != nil, let owner = ofOwners.first(where: { $0.value != nil }) {
      throw CostSettingsError.rentedAndBought(owner.flag)
    }
    // What a hit costs is 0 unless given.
    if mix.outputTokens == 0, mix.cachedShare == 1, cachedInputShare ?? 0 == 0 {
      throw CostError.nothingToCompute
    }
  }
}

/// Assumptions with the story of each.
public struct CostBasis: Sendable {
  public internal(set) var assumptions: Assumptions<Estimate>
  public internal(set) var lines: [AssumptionLine]
  public internal(set) var carbon: CarbonBasis
  static let machineName = "machine"
  public static let utilisationName = "utilisation"
  /// The line of the idle power, by which it is found again in a stored result.
  public static let idleName = "idle power"
  /// Whether the machine's own price was guessed.
  public let assumesHardware: Bool

  /// - Parameters:
  ///   - idleWatts: Of the machine with the model resident.
  ///   - fullWatts: What the machine draws at most, which colocation is paid by; nil where unknown.
  /// - Throws: `CostError` for a setting out of range, `DataError` for damaged tables.
  public init(
    _ settings: CostSettings, environment: Environment, idleWatts: Estimate,
    idleSource: String = "the machine with the model resident", idleMeter: String? = nil,
    fullWatts: Estimate?, energySource: String?, tables: SiteTables
  ) throws {
    try self.init(
      settings, processors: environment.cpu.logicalCores.value,
      isVirtual: environment.virtualisation.value.flatMap { $0 } != nil, idleWatts: idleWatts,
      idleSource: idleSource, idleMeter: idleMeter, fullWatts: fullWatts,
      energySource: energySource, tables: tables)
  }

  /// - Parameters:
  ///   - processors: Logical ones; nil where unknown.
  ///   - isVirtual: Whether the machine is a virtual one, which is rented rather than bought.
  ///   - idleWatts: Of the machine with the model resident; nil only where its energy is not known either, on which then
  ///     no cost rests.
  ///   - idleMeter: The meter or the method that the idle watts are by; nil where it is that of the energy.
  ///   - fullWatts: What the machine draws at most, which colocation is paid by; nil where unknown.
  ///   - energySource: The meter's name: one behind the power supply does not see what that loses, and pays for.
  /// - Throws: `CostError` for a setting out of range, `DataError` for damaged tables.
  public init(
    _ settings: CostSettings, processors: Int?, isVirtual: Bool, idleWatts: Estimate?,
    idleSource: String = "the machine with the model resident", idleMeter: String? = nil,
    fullWatts: Estimate?, energySource: String?, tables: SiteTables
  ) throws {
    try settings.validate()
    var builder = CostBasisBuilder(tables: tables)
    let rents = settings.hardwareUsd == nil && (settings.rentalUsdPerHour != nil || isVirtual)
    let electricity = try builder.electricity(settings, isInRent: rents)
    let utilisation = try builder.pickRange(
      Self.utilisationName, settings.utilisation, unit: "of on-time", id: "utilisation")
    let pue = try builder.pickRange("PUE", settings.pue, unit: "ratio", id: "pue_home")
    let loss = try builder.supplyLoss(energySource)
    let ownership: Ownership<Estimate> =
      rents
      ? try builder.rented(settings, processors) : .bought(try builder.purchase(settings))
    let fixed = try builder.fixed(settings, fullWatts)
    let onShare = builder.given("hours on", settings.onShare, "of all hours") ?? .exactly(1)
    let cached =
      builder.given("cached token", settings.cachedInputShare, "of a computed one") ?? .exactly(0)
    assumptions = Assumptions(
      ownership: ownership,
      idleWatts: Self.behindSupply(idleWatts ?? .exactly(0), idleMeter ?? energySource, loss),
      pue: pue.times(loss),
      usdPerKWh: electricity,
      utilisation: utilisation, onShare: onShare, fixedUsdPerMonth: fixed,
      cachedInputShare: cached)
    if assumptions.paysEnergy, let idleWatts {
      builder.lines.append(
        AssumptionLine(name: Self.idleName, value: idleWatts, unit: "W", source: idleSource))
    }
    carbon = try builder.carbon(settings, ownership)
    lines = builder.lines
    assumesHardware = settings.hardwareUsd == nil && settings.rentalUsdPerHour == nil
    try assumptions.validate()
  }
}

extension CostBasis {
  /// Idle watts as the energy's meter would see them: those that hold at the wall already, as an estimate's do,
  /// must not be charged with the supply's loss once more.
  private static func behindSupply(
    _ idle: Estimate, _ meter: String?, _ loss: Estimate
  ) -> Estimate {
    guard !loss.isExact, let meter, !EnergyCoverage.isBehindSupply(meter) else { return idle }
    return .ordered(
      idle.low / loss.low, idle.best / loss.best, idle.high / loss.high, idle.provenance)
  }
}

/// Settings of which no cost can be made: the user's, or those of the tables the program carries.
public enum CostSettingsError: Error, CustomStringConvertible {
  case missingRange(String)
  case unknownGrid(String, known: [String])
  case colocationWithoutPower
  case staffWithoutRate
  case rentedAndBought(String)
  case serverOfUnknownCost(String)

  public var description: String {
    switch self {
    case .missingRange(let id): "the built-in tables have no \"\(id)\""
    case .unknownGrid(let text, let known):
      "--grid \(text.quotedForMessage(limit: 20)): neither grams a kWh from 0 to 5000 nor one of "
        + known.joined(separator: " ")
    case .colocationWithoutPower: "--colocation: the machine's power is not known; --watts gives it"
    case .staffWithoutRate: "--staff-hours and --staff-rate: each needs the other"
    case .rentedAndBought(let flag):
      "--rental and \(flag): a machine is either rented or bought"
    case .serverOfUnknownCost(let file):
      "\(file): what the server costs is not known: --rental or --hardware-cost, of each of its machines, tells"
    }
  }
}
