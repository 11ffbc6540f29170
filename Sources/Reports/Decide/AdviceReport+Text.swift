// The verdict for a terminal.

import Analysis
import CostModel
import Models

extension AdviceReport {
  /// At most 80 columns.
  public func text(_ style: Style = .plain) -> String {
    let blocks = [
      result.heading(style) + questionLines,
      wrapped(headline + ".").map(style.bold) + sentences.flatMap { wrapped($0) },
      offers(style), scenarios(style), sensitivity(style), cascadeLines(style),
      [style.bold("What money does not show")] + unpriced.flatMap { wrapped($0) },
      energyLines,
      assumptions(style),
    ]
    return blocks.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }
      .joined(separator: "\n\n") + "\n"
  }

  private var questionLines: [String] {
    let question = advice.question
    return wrapped(
      "\(Number.count(question.traffic.millionTokensPerMonth * 1e6)) tokens a month, mixed as in \"\(question.workload.title)\""
    )
  }

  /// As the costs assume, but with the utilisation that the traffic makes of the machine.
  private func assumptions(_ style: Style) -> [String] {
    let lines = advice.cost.basis.lines.map { line in
      line.name == CostBasis.utilisationName
        ? AssumptionLine(
          name: line.name, value: .exactly(decision.utilisation), unit: line.unit,
          source: "from the traffic") : line
    }
    return CostText.assumptions(lines, style)
  }

  private var energyLines: [String] {
    let energy = TokenEnergy(advice.cost, idleWatts: advice.cost.basis.assumptions.idleWatts)
    guard let input = energy.perInputToken, let output = energy.perOutputToken else { return [] }
    let idle = energy.idleWatts.map { ", \(Number.short($0.best)) W at rest" } ?? ""
    let whole = max(input.provenance, output.provenance) == .extrapolated
    let origin =
      result.energyAccount.map {
        " \($0.provenance ?? "given") by \($0.source)"
          + (whole ? " on a slice and extrapolated to the whole" : "")
      } ?? ""
    return wrapped(
      "Energy\(advice.cost.isPricedByWatts ? " by --watts" : origin): "
        + "\(Number.short(input.best)) J an input token, \(Number.short(output.best)) J an output token\(idle)."
    )
  }

  private func offers(_ style: Style) -> [String] {
    var table = TextTable([.left, .right, .right, .left, .left])
    table.add(["against", "$/M", "$/month", "here is", "break-even/month"])
    for decided in [advice.primary] + advice.others {
      let decision = decided.decision
      table.add([
        CostText.name(
          of: decided.offer.shownRow, width: 34,
          batch: decided.offer.batchDiscount != nil),
        Number.short(decision.apiUsdPerMillion.best),
        Number.short(decision.apiUsdPerMonth.best),
        "\(Number.short(decision.ratio.best))×", decision.breakEven.short,
      ])
    }
    return table.headed(style)
  }

  private func scenarios(_ style: Style) -> [String] {
    guard !advice.scenarios.isEmpty else { return [] }
    var table = TextTable([.left, .left, .left, .left])
    table.add(["what if", "verdict", "here is", "break-even/month"])
    for decided in advice.scenarios {
      table.add([
        decided.scenario.title.safeForTerminal.shortened(to: 30),
        decided.decision.verdict.rawValue.replacing("_", with: " "),
        "\(Number.short(decided.decision.ratio.best))×", decided.decision.breakEven.short,
      ])
    }
    return table.headed(style)
  }

  private func sensitivity(_ style: Style) -> [String] {
    let rows = decision.sensitivity.prefix(8)
    guard !rows.isEmpty else { return [] }
    var table = TextTable([.left, .left, .left, .left])
    table.add(["what matters most", "range", "$/M then", "verdict turns at"])
    for row in rows {
      table.add([
        row.field.title, "\(Number.short(row.range.low))…\(Number.short(row.range.high))",
        "\(Number.short(row.usdPerMillionAtLow))…\(Number.short(row.usdPerMillionAtHigh))",
        row.flipValue.map { Number.short($0) + (row.flips ? " (in range)" : "") } ?? "-",
      ])
    }
    return table.headed(style)
  }

  private func cascadeLines(_ style: Style) -> [String] {
    guard let cascade else { return [] }
    func line(_ name: String, _ cost: RoutedCost) -> String {
      let change =
        abs(cost.savingShare) < 0.0005
        ? "as much as"
        : "\(Number.percent(abs(cost.savingShare))) \(cost.savingShare > 0 ? "less" : "more") than"
      return "\(name): \(Number.short(cost.usdPerMillion)) $/M, \(change) the dear one alone."
    }
    let always =
      cascade.cheapUsdPerMillionOfAll == cascade.cheapUsdPerMillion
      ? ""
      : " Tried first for all of them it costs \(Number.short(cascade.cheapUsdPerMillionOfAll)) $/M."
    return [style.bold("Cheap and dear together")]
      + wrapped(
        "\(cascade.cheapName) at \(Number.short(cascade.cheapUsdPerMillion)) $/M settles \(Number.percent(cascade.cheapShare)) of the requests, "
          + "\(cascade.dearName) at \(Number.short(cascade.dearUsdPerMillion)) $/M the rest."
          + always)
      + (cascade.cheapUsdPerMillion < cascade.dearUsdPerMillion
        ? [] : wrapped("The one named cheap is not: nothing is saved by asking it."))
      + wrapped(line("Router (each request to one of them)", cascade.router))
      + wrapped(line("Cascade (the cheap one always tried first)", cascade.cascade))
  }
}

extension TextTable {
  /// Lines of at most 80 columns with the first one as heading.
  func headed(_ style: Style) -> [String] {
    var lines = lines().map { $0.shortened(to: 80) }
    if let first = lines.first { lines[0] = style.bold(first) }
    return lines
  }
}

extension Offer {
  /// Its first row, standing for all hours.
  fileprivate var shownRow: PriceRow {
    var row = row
    row.model = model
    row.timeBand = nil
    return row
  }
}

extension BreakEvenRange {
  /// In a cell.
  var short: String {
    switch best {
    case .at(let millions, _): Number.count(millions * 1e6)
    case .beyondCapacity: "beyond capacity"
    case .never: "never"
    }
  }
}

extension AssumptionField {
  /// As people say it.
  public var title: String {
    switch self {
    case .hardwareUsd: "machine, $"
    case .residualShare: "residual value, share"
    case .lifeYears: "life, years"
    case .costOfCapital: "cost of capital a year"
    case .maintenanceShare: "maintenance a year"
    case .rentUsdPerHour: "rent, $/h"
    case .idleWatts: "idle power, W"
    case .pue: "PUE"
    case .usdPerKWh: "electricity, $/kWh"
    case .utilisation: "utilisation"
    case .onShare: "share of hours on"
    case .fixedUsdPerMonth: "fixed cost, $/month"
    case .cachedInputShare: "cost of a cached token"
    case .prefillTokensPerSecond: "prefill, tokens/s"
    case .decodeTokensPerSecond: "decode, tokens/s"
    case .prefillWatts: "prefill power, W"
    case .decodeWatts: "decode power, W"
    case .prefillJoulesPerToken: "prefill, J/token"
    case .decodeJoulesPerToken: "decode, J/token"
    case .apiUsdPerMillion: "API price, $/M"
    }
  }
}
