// What was given for the stored cost: it holds until something else is given in its place.

import Analysis
import CostModel
import Models

extension StoredResult {
  /// These settings, with what they leave open as it was given when the stored cost was made. Of what a machine costs all
  /// or nothing is taken: a rent now makes a stored price void.
  ///
  /// - Throws: `DataError` where the document says to have been given what nobody can give.
  public func completed(_ settings: CostSettings) throws(DataError) -> CostSettings {
    var all = settings
    for line in assumptions where line.value.isExact {
      take(line, for: settings, into: &all)
    }
    do { try all.validate() } catch {
      throw DataError(
        file: file, path: "cost.assumptions", rule: .outOfRange("what was given", rule: "\(error)"))
    }
    return all
  }

  private func take(
    _ line: AssumptionLine, for settings: CostSettings, into all: inout CostSettings
  ) {
    let prefix = CostBasis.ofEach(nodes)
    let story =
      line.source.hasPrefix(prefix) ? line.source.dropFirst(prefix.count) : line.source[...]
    let numbers = story.split(separator: " ").compactMap { Double($0) }
    let each = line.value.best / (story.count < line.source.count ? Double(nodes) : 1)
    if story == "given" { takeMachine(line, each, for: settings, into: &all) }
    switch (line.name, story) {
    case ("utilisation", "given"): all.utilisation = all.utilisation ?? each
    case ("PUE", "given"): all.pue = all.pue ?? each
    case ("hours on", "given"): all.onShare = all.onShare ?? each
    case ("cached token", "given"): all.cachedInputShare = all.cachedInputShare ?? each
    case ("fixed cost", "given"): all.fixedUsdPerMonth = all.fixedUsdPerMonth ?? each
    case ("colocation", _) where story.hasPrefix("given") && numbers.count == 1:
      all.colocationUsdPerKW = all.colocationUsdPerKW ?? numbers[0]
    case ("staff", _) where story.hasPrefix("given") && numbers.count == 2:
      guard settings.staffHoursPerMonth == nil, settings.staffUsdPerHour == nil else { return }
      (all.staffHoursPerMonth, all.staffUsdPerHour) = (numbers[0], numbers[1])
    case ("grid carbon", _) where (0...5000).contains(each): all.grid = all.grid ?? "\(each)"
    default: break
    }
  }

  private func takeMachine(
    _ line: AssumptionLine, _ value: Double, for settings: CostSettings,
    into all: inout CostSettings
  ) {
    if settings.rentalUsdPerHour != nil { return }
    if line.name == "machine", line.unit == "$/h rented" {
      if !settings.ownsMachine { all.rentalUsdPerHour = value }
      return
    }
    switch line.name {
    case "electricity": all.usdPerKWh = all.usdPerKWh ?? value
    case "machine": all.hardwareUsd = all.hardwareUsd ?? value
    case "life": all.lifeYears = all.lifeYears ?? value
    case "residual value": all.residualShare = all.residualShare ?? value
    case "cost of capital": all.costOfCapital = all.costOfCapital ?? value
    case "maintenance": all.maintenanceShare = all.maintenanceShare ?? value
    default: break
    }
  }
}
