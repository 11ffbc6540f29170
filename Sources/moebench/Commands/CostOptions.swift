// Options that say what a machine, its power and its work cost.

import Analysis
import ArgumentParser
import Measurement
import Models

/// What money is computed from.
struct CostOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Energy meter: \(MeterRequest.forms). auto takes the best that works here and names it.",
      valueName: "meter"))
  var meter = "auto"

  @Option(
    help: ArgumentHelp(
      "Watts of the machine under load, as W or LOW,BEST,HIGH, in place of any meter.",
      valueName: "watts"))
  var watts: String?

  @Option(
    help: ArgumentHelp(
      "Electricity, $ per kWh, where no rent includes it (0.146, 0.056 to 0.433: US commercial, EIA 2026-04; China's subsidised west to German households).",
      valueName: "usd"))
  var pricePerKwh: Double?

  @Option(
    help: ArgumentHelp(
      "What the machine cost, $ (a guess of 1000, 500 to 2500, where it is no virtual one).",
      valueName: "usd"))
  var hardwareCost: Double?

  @Option(
    help: ArgumentHelp(
      "What the machine rents for, $ per hour, as 2.5 or 2.5/h, electricity included (virtual machines: list prices by vCPU, AWS 2025-03).",
      valueName: "usd"), transform: Self.hourly)
  var rental: Double?

  @Option(
    help: ArgumentHelp(
      "Years the machine is written off over (4, 3 to 6: unverified; servers 5, Amazon and Meta 2025).",
      valueName: "years"))
  var lifeYears: Double?

  @Option(
    help: ArgumentHelp(
      "What it is worth at the end, share of its price (0.1, 0 to 0.3: unverified).",
      valueName: "share"))
  var residual: Double?

  @Option(
    help: ArgumentHelp(
      "Cost of capital a year (0.08, 0 to 0.12: unverified).", valueName: "share"))
  var costOfCapital: Double?

  @Option(
    help: ArgumentHelp(
      "Maintenance and spares a year, share of the price (0.05, 0.02 to 0.1: unverified).",
      valueName: "share"))
  var maintenance: Double?

  @Option(
    help: ArgumentHelp(
      "Share of the on-time spent on useful work (0.3, 0.05 to 0.8: fleets idle at 5 %, CCF assumes 50 % CPU). decide computes it from the traffic.",
      valueName: "share"))
  var utilisation: Double?

  @Option(
    help: ArgumentHelp("Share of all hours the machine is on or rented (1).", valueName: "share"))
  var onShare: Double?

  @Option(
    help: ArgumentHelp(
      "Power usage effectiveness, 1 or more (1: no cooling; data centres 1.54, Uptime 2025).",
      valueName: "ratio"))
  var pue: Double?

  @Option(
    help: ArgumentHelp(
      "Colocation, $ a kW and month of the most it draws (none; 150 to 250, CBRE 2024-25).",
      valueName: "usd"))
  var colocation: Double?

  @Option(
    help: ArgumentHelp("Hours of work a month to keep it running (0).", valueName: "hours"))
  var staffHours: Double?

  @Option(help: ArgumentHelp("What such an hour costs, $.", valueName: "usd"))
  var staffRate: Double?

  @Option(help: ArgumentHelp("Whatever else it costs, $ a month (0).", valueName: "usd"))
  var fixedCost: Double?

  @Option(
    help: ArgumentHelp(
      "What a cached input token costs of a computed one (0: the prefix stays in memory).",
      valueName: "share"))
  var cachedCost: Double?

  @Option(
    help: ArgumentHelp(
      "Grid whose carbon counts, as USA, DEU, US-Texas or g/kWh (USA 2023, Norway to India: Our World in Data).",
      valueName: "grid"))
  var grid: String?

  @Option(
    help: ArgumentHelp(
      "Carbon of the machine's making, kg CO2e (not counted; a server 5700, EcoLogits).",
      valueName: "kg"))
  var embodiedCarbon: Double?

  @Option(
    name: .customLong("prices"),
    help: ArgumentHelp(
      "A price table beside the built-in one and those in prices of the user's data folder: ours, LiteLLM's or OpenRouter's; later dates win. May be repeated.",
      valueName: "file"))
  var priceFiles: [String] = []

  @Option(
    help: ArgumentHelp(
      "tickets, assistant, agent, chat, summaries, or in:out[:cached] (3:1, chat where a request's length matters).",
      valueName: "name"))
  var workload: String?

  /// Money an hour, with or without saying that it is.
  @Sendable private static func hourly(_ text: String) throws -> Double {
    let ending = ["/hour", "/h"].first { text.hasSuffix($0) } ?? ""
    guard let value = Double(text.dropLast(ending.count)) else {
      throw ValidationError("must be $ an hour, as 2.5 or 2.5/h")
    }
    return value
  }

  func settings() throws -> CostSettings {
    var settings = CostSettings()
    settings.usdPerKWh = pricePerKwh
    settings.hardwareUsd = hardwareCost
    settings.rentalUsdPerHour = rental
    settings.lifeYears = lifeYears
    settings.utilisation = utilisation
    settings.pue = pue
    settings.residualShare = residual
    settings.costOfCapital = costOfCapital
    settings.maintenanceShare = maintenance
    settings.onShare = onShare
    settings.cachedInputShare = cachedCost
    settings.colocationUsdPerKW = colocation
    settings.staffHoursPerMonth = staffHours
    settings.staffUsdPerHour = staffRate
    settings.fixedUsdPerMonth = fixedCost
    settings.grid = grid
    settings.embodiedKilograms = embodiedCarbon
    if let workload { settings.mix = try TokenWorkload(flag: workload).mix }
    try settings.validate()
    return settings
  }
}
