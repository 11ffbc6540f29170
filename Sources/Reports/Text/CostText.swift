// What a million tokens cost here and at the APIs, as a table and a sentence for a terminal.

import Analysis
import CostModel
import Models

/// A cost with the prices beside it, in at most 80 columns.
public struct CostText: Sendable {
  public let cost: RunCost
  public let prices: [PriceComparison]
  public let style: Style

  public init(_ cost: RunCost, _ prices: [PriceComparison], style: Style = .plain) {
    self.cost = cost
    self.prices = prices
    self.style = style
  }

  /// Widest name of an offer; the figures need the rest of the 80 columns.
  private static let nameWidth = 39

  public var table: [String] {
    var lines = rows(nameWidth: Self.nameWidth)
    let excess = (lines.map(\.count).max() ?? 0) - 80
    // Wide figures take their room from the names.
    if excess > 0 { lines = rows(nameWidth: max(20, Self.nameWidth - excess)) }
    lines = lines.map { $0.shortened(to: 80) }
    if let first = lines.first { lines[0] = style.bold(first) }
    return lines + Self.notes(prices).map(style.dim)
  }

  private func rows(nameWidth: Int) -> [String] {
    var table = TextTable([.left, .right, .left, .right, .left])
    let isExtrapolated =
      cost.decode?.provenance == .extrapolated
      || cost.prefill?.provenance == .extrapolated
    let title = "$ per million tokens" + (isExtrapolated ? ", extrapolated" : "")
    table.add([title, "input", "", "output", ""])
    func row(_ name: String, _ input: CostRange?, _ output: CostRange?) {
      table.add([
        name, money(input?.usdPerMillion.best), range(input), money(output?.usdPerMillion.best),
        range(output),
      ])
    }
    let used = cost.basis.assumptions.utilisation.best
    row("this machine, \(Number.percent(used)) used", cost.input, cost.output)
    if cost.inputEnergyOnly != nil || cost.outputEnergyOnly != nil {
      row("  electricity alone", cost.inputEnergyOnly, cost.outputEnergyOnly)
    }
    row("  if idle hours were sold", cost.inputByUse, cost.outputByUse)
    if let input = cost.carbon.input, let output = cost.carbon.output {
      table.add([
        "  carbon, g CO2e", money(input.best), range(input), money(output.best), range(output),
      ])
    }
    for price in prices {
      let row = price.quote.row
      table.add([
        Self.name(of: row, width: nameWidth), money(row.usdPerMillionInput), "",
        money(row.usdPerMillionOutput), "",
      ])
    }
    return table.lines()
  }

  /// Whose prices they are, and of when.
  static func notes(_ prices: [PriceComparison]) -> [String] {
    let days = prices.map(\.quote.row.asOf).sorted()
    guard let first = days.first, let last = days.last else { return [] }
    let seen = (first == last ? first : "\(first) to \(last)").safeForTerminal
    let kind =
      prices.allSatisfy { !$0.quote.sameModel }
      ? "No API price of this model is known: the APIs above sell other models. " : ""
    return wrapped(
      "\(kind)List prices as of \(seen); tiers and sources with -o json.")
  }

  /// Model and provider, shortened to what fits; the tier only by its hours.
  static func name(of row: PriceRow, width: Int = nameWidth, batch: Bool = false) -> String {
    var band: String
    let isNamed = row.model.lowercased().contains("peak")
    switch isNamed ? nil : row.timeBand {
    case .peak: band = ", peak"
    case .offPeak: band = ", off-peak"
    case nil: band = ""
    }
    if batch { band += ", batch" }
    let end = " (\(row.provider)\(band))".safeForTerminal.shortened(to: 24)
    return row.model.safeForTerminal.shortened(to: max(8, width - end.count)) + end
  }

  private func money(_ value: Double?) -> String { value.map { Number.short($0) } ?? "-" }

  private func range(_ cost: CostRange?) -> String {
    cost.map { range($0.usdPerMillion) } ?? ""
  }

  private func range(_ range: Estimate) -> String {
    "\(Number.rough(range.low))…\(Number.rough(range.high))"
  }

  public var assumptions: [String] { Self.assumptions(cost.basis.lines, style) }

  static func assumptions(_ lines: [AssumptionLine], _ style: Style) -> [String] {
    var table = TextTable([.left, .right, .left, .left])
    for line in lines {
      let width =
        line.value.isExact
        ? "" : " (\(Number.short(line.value.low))…\(Number.short(line.value.high)))"
      table.add([
        "  " + line.name, Number.short(line.value.best), line.unit + width,
        line.source.safeForTerminal,
      ])
    }
    return ["Assumed (each can be given, see --help):"]
      + table.lines().map { style.dim($0.shortened(to: 80)) }
  }
}

extension String {
  /// At most `width` characters, the cut marked.
  func shortened(to width: Int) -> String {
    count > width ? String(prefix(max(0, width - 1))) + "…" : self
  }
}
