// Prices a stored result again, under other assumptions.

import Analysis
import CostModel
import Models

extension StoredResult {
  /// - Parameter watts: Power at the wall while busy, of each node, in place of the stored energy.
  /// - Throws: `CostError` or `DataError` for settings out of range, `CostSettingsError` where nobody knows what a
  ///   server elsewhere costs.
  public func cost(
    _ settings: CostSettings, watts: Estimate? = nil, tables: SiteTables
  ) throws -> RunCost {
    guard isOfThisMachine || settings.hardwareUsd != nil || settings.rentalUsdPerHour != nil else {
      throw CostSettingsError.serverOfUnknownCost(file)
    }
    let idle = try idleWatts(watts)
    let basis = try CostBasis(
      settings, processors: isOfThisMachine ? machine.logicalCores : nil,
      isVirtual: isOfThisMachine && machine.virtualisation != nil,
      idleWatts: idle.watts, idleSource: idle.source,
      idleMeter: energyAccount?.idleMeter, fullWatts: try fullWatts(watts),
      energySource: watts == nil ? energyAccount?.source : nil, tables: tables
    ).times(nodes, countsIdle: !idle.isOfAll)
    return try RunCost(
      tests.map(\.measurement), basis: basis, mix: settings.mix,
      watts: watts?.scaled(by: Double(nodes)))
  }

  /// The idle power stored with the cost, or what such machines draw of their busy power; whether it is of all nodes.
  private func idleWatts(_ watts: Estimate?) throws(CostError) -> (
    watts: Estimate?, source: String, isOfAll: Bool
  ) {
    if watts == nil, let line = assumptions.first(where: { $0.name == CostBasis.idleName }) {
      // The line is of all machines; how it was obtained only the account knows.
      let value = line.value
      let provenance = energyAccount?.idle?.provenance ?? value.provenance
      return (
        try Estimate(
          low: value.low, best: value.best, high: value.high, provenance: provenance),
        line.source, true
      )
    }
    if watts == nil, let idle = energyAccount?.idle {
      // A meter covers what it covers; an estimate is of one machine.
      return (idle, energyAccount?.idleSource ?? "stored", idle.provenance == .measured)
    }
    let busy = try fullWatts(watts)
    // Without any energy no cost follows that could use it.
    guard let busy else { return (nil, "no energy figure", false) }
    let source =
      watts == nil ? "not stored: \(IdleShare.source)" : "of --watts: \(IdleShare.source)"
    return (try IdleShare.watts(ofFull: busy), source, false)
  }

  /// The most that a test drew, of each node; nil where no test has energy.
  private func fullWatts(_ watts: Estimate?) throws(CostError) -> Estimate? {
    if let watts { return watts }
    return tests.compactMap { test -> Estimate? in
      guard let joules = test.joulesPerToken, let rate = test.summary?.median else { return nil }
      return joules.scaled(by: rate / Double(nodes))
    }.max { $0.best < $1.best }
  }

  /// The catalogue's name of this model, where prices can be looked up by one.
  public func catalogueName(in catalogue: Catalogue) -> String? {
    let told = document["model"]?["catalogue_name"]?.string
    return catalogue.entry(named: told ?? model.name)?.name
  }
}
