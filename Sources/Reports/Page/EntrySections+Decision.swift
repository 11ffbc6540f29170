// Break-even, sensitivity and the other offers on the page.

import Analysis
import CostModel
import Foundation

extension EntrySections {
  // MARK: - Break-even

  var breakEven: Markup? {
    guard let advice = entry.advice, let figure = breakEvenFigure(advice) else { return nil }
    let decision = advice.decision
    let rows = [
      ["self-hosting a month", decision.selfHostUsdPerMonth.cell + " $"],
      ["the API a month", decision.apiUsdPerMonth.cell + " $"],
      [
        "capacity of one machine",
        Number.count(decision.capacityMillionTokensPerMonth.best * 1e6) + " tokens a month",
      ],
      ["machines needed", decision.machinesNeeded.map(String.init) ?? "uncountably many"],
      ["break-even a month", decision.breakEven.words],
      [
        "draws in which any volume breaks even",
        Number.percent(decision.breakEven.probabilityExists),
      ],
      ["payback of the purchase", decision.payback.words],
    ]
    return .section(
      "Break-even",
      [figure, .table(caption: "At the traffic of the verdict.", head: ["", "value"], rows: rows)])
  }

  private func breakEvenFigure(_ advice: AdviceReport) -> Markup? {
    let assumptions = cost.basis.assumptions
    let mix = advice.advice.question.workload.mix
    guard let line = assumptions.best.costLine(of: mix, cost.throughput.best),
      let cheap = assumptions.cheapest.costLine(of: mix, cost.throughput.cheapest),
      let dear = assumptions.dearest.costLine(of: mix, cost.throughput.dearest),
      line.capacityMillionTokensPerMonth > 0
    else { return nil }
    let traffic = advice.advice.question.traffic.millionTokensPerMonth
    let capacity = line.capacityMillionTokensPerMonth
    let last = max(capacity * 3, traffic * 2)
    let first = min(capacity / 300, traffic / 3)
    let volumes = (0...120).map { first * pow(last / first, Double($0) / 120) }
    let price = advice.decision.apiUsdPerMillion.best
    func monthly(_ line: CostLine, _ volume: Double) -> Double {
      line.usdPerMonth(
        millionTokens: volume,
        machines: max(1, (volume / line.capacityMillionTokensPerMonth).rounded(.up)))
    }
    let here = LineChart.Series(
      name: "self-hosting", points: volumes.map { ($0 * 1e6, monthly(line, $0)) },
      low: volumes.map { monthly(cheap, $0) }, high: volumes.map { monthly(dear, $0) }, index: 0)
    let api = LineChart.Series(
      name: "API: \(advice.advice.primary.offer.model)",
      points: volumes.map { ($0 * 1e6, $0 * price) },
      low: [], high: [], index: 1)
    return LineChart(
      series: [here, api], xTitle: "tokens a month", yTitle: "$ a month",
      mark: (traffic * 1e6, trafficIsGiven ? "your traffic" : "assumed traffic")
    ).figure(
      title: "Monthly cost over monthly tokens",
      description: "Self-hosting against the API. \(advice.decision.breakEven.words).",
      caption:
        "USD a month over tokens a month, both logarithmic. The band is the range of all assumptions; steps are further machines."
    )
  }

  // MARK: - Sensitivity

  var sensitivity: Markup? {
    guard let decision = entry.advice?.decision, !decision.sensitivity.isEmpty else { return nil }
    let own = decision.selfHostUsdPerMillion.best
    let shown = decision.sensitivity.prefix(12)
    let rows = shown.filter { $0.field != .apiUsdPerMillion && $0.swing > 0 }.map { row in
      IntervalChart.Row(
        name: row.field.title, low: min(row.usdPerMillionAtLow, row.usdPerMillionAtHigh),
        best: own, high: max(row.usdPerMillionAtLow, row.usdPerMillionAtHigh), series: 0)
    }
    let api = IntervalChart.Row(
      name: "API price", low: decision.apiUsdPerMillion.low, best: decision.apiUsdPerMillion.best,
      high: decision.apiUsdPerMillion.high, series: 1)
    let figure = IntervalChart(rows: rows + [api], unit: "$ per million").figure(
      title: "What the cost depends on most",
      description:
        "Cost per million tokens as each assumption runs over its range, the widest first: \(shown.first?.field.title ?? "").",
      caption:
        "USD per million tokens at this traffic as one assumption runs over its range and all others stay."
    )
    let table = Markup.table(
      caption: "The verdict turns where an assumption alone makes both costs equal.",
      head: ["assumption", "low", "value", "high", "$/M at low", "$/M at high", "turns at"],
      rows: shown.map { row in
        [
          row.field.title, Number.short(row.range.low), Number.short(row.range.best),
          Number.short(row.range.high), Number.short(row.usdPerMillionAtLow),
          Number.short(row.usdPerMillionAtHigh),
          row.flipValue.map { Number.short($0) + (row.flips ? " (in range)" : "") } ?? "never",
        ]
      }, numeric: [1, 2, 3, 4, 5, 6])
    return .section("What matters most", [figure, table].compactMap { $0 })
  }

  // MARK: - Other offers and scenarios

  var alternatives: Markup? {
    guard let advice = entry.advice?.advice else { return nil }
    let offers = ([advice.primary] + advice.others).map { decided in
      [
        decided.offer.name,
        decided.offer.sameModel ? "this model" : "another",
        decided.decision.apiUsdPerMillion.cell, decided.decision.apiUsdPerMonth.cell,
        "\(Number.short(decided.decision.ratio.best))×", decided.decision.breakEven.words,
      ]
    }
    var parts: [Markup] = [
      .table(
        caption: "The same traffic against each offer.",
        head: ["offer", "weights", "$/M", "$ a month", "here is", "break-even a month"],
        rows: offers, numeric: [2, 3, 4])
    ]
    if !advice.scenarios.isEmpty {
      parts.append(
        .table(
          caption: "What if: against the first offer.",
          head: ["scenario", "verdict", "here is", "break-even a month", "from"],
          rows: advice.scenarios.map { decided in
            [
              decided.scenario.title,
              decided.decision.verdict.rawValue.replacing("_", with: " "),
              "\(Number.short(decided.decision.ratio.best))×", decided.decision.breakEven.words,
              decided.scenario.source,
            ]
          }, numeric: [2]))
    }
    return .section("Other offers, other times", parts)
  }
}

extension BreakEvenRange {
  /// In a sentence or a cell.
  var words: String {
    switch best {
    case .at(let millions, let share):
      "\(Number.count(millions * 1e6)) tokens (\(Number.percent(share)) of one machine)"
    case .beyondCapacity(let millions, let capacity):
      "no break-even exists: \(Self.beyond(millions, capacity))"
    case .never: "no break-even exists"
    }
  }
}

extension Payback {
  var words: String {
    switch self {
    case .months(let months): "\(Number.short(months)) months"
    case .never: "never: nothing is saved at this traffic"
    case .notApplicable: "nothing is bought: the machine is rented"
    }
  }
}
