// The assumptions of a cost one by one: what was given, or what the tables assume, each with its story.

import CostModel
import Measurement
import Models
import StrictJSON

struct CostBasisBuilder {
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
      CostBasis.machineName, settings.rentalUsdPerHour, unit: "$/h rented", assumed: assumed,
      source: "virtual machine of \(Int(processors)) vCPU at compute-optimised list prices")
  }

  mutating func purchase(_ settings: CostSettings) throws -> Purchase<Estimate> {
    // No table knows what this machine cost; the width says so.
    let price = pick(
      CostBasis.machineName, settings.hardwareUsd, unit: "$ bought",
      assumed: try Estimate(low: 500, best: 1000, high: 2500, provenance: .estimated),
      source: "a guess: --hardware-cost gives the real price")
    let life = try pickRange("life", settings.lifeYears, unit: "years", id: "pc_life_years")
    let residual = try pickRange(
      "residual value", settings.residualShare, unit: "of price", id: "residual_share")
    let capital = try pickRange(
      "cost of capital", settings.costOfCapital, unit: "a year", id: "cost_of_capital")
    let upkeep = try pickRange(
      "maintenance", settings.maintenanceShare, unit: "of price a year", id: "maintenance_share")
    return Purchase(
      priceUsd: price, residualShare: residual, lifeYears: life, costOfCapital: capital,
      maintenanceShare: upkeep)
  }

  /// A line for what was given to no effect.
  mutating func unused(_ name: String, _ value: Double?, _ unit: String, why: String) {
    guard let value else { return }
    lines.append(
      AssumptionLine(
        name: name, value: .exactly(value), unit: unit, source: "given, not used: \(why)"))
  }

  /// The rent of a machine, electricity included, and what was given that it makes void.
  mutating func rented(_ settings: CostSettings, _ processors: Int?) throws -> Ownership<Estimate> {
    let usdPerHour = try rent(settings, processors)
    unused("electricity", settings.usdPerKWh, "$/kWh", why: "in the rent")
    let why = "the machine is rented"
    unused("life", settings.lifeYears, "years", why: why)
    unused("residual value", settings.residualShare, "of price", why: why)
    unused("cost of capital", settings.costOfCapital, "a year", why: why)
    unused("maintenance", settings.maintenanceShare, "of price a year", why: why)
    return .rented(usdPerHour: usdPerHour, includesEnergy: true)
  }

  /// The tariff given, or the range of all; a line only where it is paid apart from a rent.
  mutating func electricity(_ settings: CostSettings, isInRent: Bool) throws -> Estimate {
    let tariff = tables.defaultTariff
    let assumed = try Estimate(
      low: tables.lowTariff.usdPerKWh, best: tariff.usdPerKWh, high: tables.highTariff.usdPerKWh,
      provenance: .given)
    if isInRent { return settings.usdPerKWh.map { .exactly($0) } ?? assumed }
    return pick(
      "electricity", settings.usdPerKWh, unit: "$/kWh", assumed: assumed,
      source: "\(tariff.region) \(tariff.sector), \(tariff.source)")
  }

  /// Watts at the wall for each watt that a meter behind the power supply sees; 1 for any other meter.
  mutating func supplyLoss(_ source: String?) throws -> Estimate {
    guard let source, EnergyCoverage.isBehindSupply(source) else { return .exactly(1) }
    let psu = try PowerTables.builtIn.psuFactor
    let factor = try Estimate(
      low: psu.low, best: psu.best, high: psu.high, provenance: .estimated)
    return pick(
      "power supply", nil, unit: "x metered energy", assumed: factor,
      source: "estimated: \(source) is behind it and sees no fans or disks; \(psu.source)")
  }

  /// What was given, as a line; nil where nothing was.
  mutating func given(_ name: String, _ value: Double?, _ unit: String) -> Estimate? {
    guard let value else { return nil }
    return pick(name, value, unit: unit, assumed: .exactly(value), source: "given")
  }

  /// Colocation, staff and the rest, $ a month.
  mutating func fixed(_ settings: CostSettings, _ fullWatts: Estimate?) throws -> Estimate {
    var sum = given("fixed cost", settings.fixedUsdPerMonth, "$ a month") ?? .exactly(0)
    if let rate = settings.colocationUsdPerKW {
      guard let fullWatts else { throw CostSettingsError.colocationWithoutPower }
      // Power is reserved, not metered: the most that the machine may draw.
      let cost = fullWatts.scaled(by: rate / 1000)
      lines.append(
        AssumptionLine(
          name: "colocation", value: cost, unit: "$ a month",
          source: "given: \(rate) $ a kW and month"))
      sum = sum.plus(cost)
    }
    switch (settings.staffHoursPerMonth, settings.staffUsdPerHour) {
    case (nil, nil): break
    case (.some(let hours), .some(let rate)):
      let cost = Estimate.exactly(hours * rate)
      lines.append(
        AssumptionLine(
          name: "staff", value: cost, unit: "$ a month",
          source: "given: \(hours) h a month at \(rate) $"))
      sum = sum.plus(cost)
    default: throw CostSettingsError.staffWithoutRate
    }
    return sum
  }

  /// The grid named, or the one of the assumed tariff with the range of all grids.
  mutating func carbon(_ settings: CostSettings, _ ownership: Ownership<Estimate>) throws
    -> CarbonBasis
  {
    var life = Estimate.exactly(1)
    if case .bought(let purchase) = ownership {
      life = purchase.lifeYears
    } else if let range = tables.ownership["server_life_years"] {
      life = try Estimate(
        low: range.low, best: range.best, high: range.high, provenance: .given)
    }
    let (grams, source) = try grid(settings.grid)
    lines.append(
      AssumptionLine(name: "grid carbon", value: grams, unit: "g/kWh", source: source))
    return CarbonBasis(
      gramsPerKWh: grams, source: source, embodiedKilograms: settings.embodiedKilograms,
      lifeYears: life)
  }

  private func grid(_ text: String?) throws -> (Estimate, String) {
    if let text {
      if let grid = tables.grid(text) {
        return (.exactly(grid.gramsPerKWh), "\(grid.region) \(grid.year), \(grid.source)")
      }
      guard let grams = Double(text), (0...5000).contains(grams) else {
        throw CostSettingsError.unknownGrid(text, known: tables.grids.map(\.id))
      }
      return (.exactly(grams), "given")
    }
    let known = tables.grids.sorted { $0.gramsPerKWh < $1.gramsPerKWh }
    guard let low = known.first, let high = known.last, let best = tables.grid("USA") else {
      throw CostSettingsError.missingRange("USA")
    }
    return (
      try Estimate(
        low: low.gramsPerKWh, best: best.gramsPerKWh, high: high.gramsPerKWh, provenance: .given),
      "\(best.region) \(best.year), \(low.region) to \(high.region); \(best.source)"
    )
  }
}
