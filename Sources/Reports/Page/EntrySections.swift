// The sections about one result: verdict, cost, break-even, and where the rest stands.

import Analysis
import CostModel
import Foundation
import Models
import StrictJSON

struct EntrySections {
  let entry: ResultPage.Entry
  let isOnly: Bool
  let trafficIsGiven: Bool

  var result: StoredResult { entry.result }
  var cost: RunCost { entry.cost }

  func all() throws(JSONError) -> [Markup] {
    var sections: [Markup] = []
    if !isOnly {
      sections.append(
        .tag("header", [], [.tag("h1", text: result.model.name), .paragraph(entry.subtitle)]))
    }
    sections.append(verdict)
    sections.append(costs)
    sections += [breakEven, sensitivity, alternatives].compactMap { $0 }
    sections += [speed] + [service, peer].compactMap { $0 }
    sections += [parameters, energy, carbon, assumptions, machine]
    sections.append(try rawData())
    return sections
  }

  private var verdict: Markup {
    var lines: [Markup] = []
    if let advice = entry.advice {
      lines.append(.tag("h2", text: advice.headline))
      lines += advice.sentences.map(Markup.paragraph)
      let question = advice.advice.question
      let traffic = Number.count(question.traffic.millionTokensPerMonth * 1e6)
      lines.append(
        .tag(
          "p", [("class", "sub")],
          text: trafficIsGiven
            ? "For \(traffic) tokens a month, mixed as in “\(question.workload.title)”."
            : "For the \(traffic) tokens a month that the assumed utilisation makes of this machine, mixed as in “\(question.workload.title)”. Give --traffic for your own."
        ))
      lines.append(.tag("h3", text: "What money does not show"))
      lines.append(.tag("ul", [], advice.unpriced.map { .tag("li", text: $0) }))
    } else {
      lines.append(.tag("h2", text: "No verdict"))
      lines.append(.paragraph(entry.adviceReason ?? "The cost is not known."))
    }
    if result.status == .interrupted {
      let words = Interruption.words(done: result.samplesDone, planned: result.samplesPlanned)
      lines.append(.tag("p", [], [.tag("strong", text: words)]))
    }
    return .tag(
      "section", [("class", "card"), ("aria-label", "Verdict")], lines)
  }

  // MARK: - Cost

  private var costs: Markup {
    var parts: [Markup] = []
    if let figure = costFigure { parts.append(figure) }
    parts.append(costTable)
    if let reason = cost.reason { parts.append(.paragraph("Not known: \(reason).")) }
    if entry.prices.allSatisfy({ !$0.quote.sameModel }), !entry.prices.isEmpty {
      parts.append(
        .paragraph(
          "No API price of this model is known; the prices are those of well-known other models."))
    }
    return .section("What a million tokens cost", parts)
  }

  private var costFigure: Markup? {
    guard let own = cost.blended?.usdPerMillion else { return nil }
    var rows = [
      IntervalChart.Row(
        name: "this machine", low: own.low, best: own.best, high: own.high, series: 0)
    ]
    for price in entry.prices {
      guard let usd = price.quote.row.apiPrice()?.usdPerMillion(for: cost.mix) else { continue }
      rows.append(
        .init(
          name: CostText.name(of: price.quote.row), low: usd, best: usd, high: usd,
          series: price.quote.sameModel ? 1 : 3))
    }
    return IntervalChart(rows: rows, unit: "$ per million").figure(
      title: "Cost per million tokens, this machine beside APIs",
      description:
        "This machine \(own.cell) dollars per million blended tokens; \(rows.count - 1) API prices beside it on a logarithmic axis.",
      caption:
        "USD per million tokens at \(mixText), logarithmic. The line is the range of all assumptions together; API prices are list prices."
    )
  }

  private var mixText: String {
    let mix = cost.mix
    let cached =
      mix.cachedShare > 0 ? ", \(Number.percent(mix.cachedShare)) of the input cached" : ""
    return
      "\(mix.parts.input) input to \(mix.parts.output) output\(cached)"
  }

  private var costTable: Markup {
    var rows = [
      ownRow("this machine", \.best), ownRow("at the cheapest assumptions", \.low),
      ownRow("at the dearest assumptions", \.high),
    ]
    if cost.inputEnergyOnly != nil || cost.outputEnergyOnly != nil {
      rows.append([
        "electricity alone", money(cost.inputEnergyOnly, \.best),
        money(cost.outputEnergyOnly, \.best), "", "", "", "this result",
      ])
    }
    rows.append([
      "if idle hours were sold (not to be set against an API)", money(cost.inputByUse, \.best),
      money(cost.outputByUse, \.best), money(cost.blendedByUse, \.best), "", "", "this result",
    ])
    for price in entry.prices {
      let row = price.quote.row
      let tier = row.tier.map { ", \($0)" } ?? ""
      rows.append([
        "\(row.model), \(row.provider)\(tier)",
        row.usdPerMillionInput.map { Number.short($0) } ?? "not known",
        row.usdPerMillionOutput.map { Number.short($0) } ?? "not known",
        row.apiPrice().map { Number.short($0.usdPerMillion(for: cost.mix)) } ?? "not known",
        price.ratio.map { "\(Number.short($0.best))×" } ?? "", row.asOf, row.source,
      ])
    }
    return .table(
      caption:
        "USD per million tokens; the factor is this machine's blended cost over the API's. \(utilisationNote)",
      head: ["", "input", "output", "blended", "here is", "as of", "source"], rows: rows,
      numeric: [1, 2, 3, 4, 5])
  }

  /// The verdict may rest on another use of the machine than these costs.
  private var utilisationNote: String {
    let assumed = Number.percent(cost.basis.assumptions.utilisation.best)
    let note = "The machine is \(assumed) used here, as assumed"
    guard let used = entry.advice?.decision.utilisation else { return note + "." }
    return note + "; the verdict is of the traffic, which uses \(Number.percent(used)) of it."
  }

  private func ownRow(_ name: String, _ bound: KeyPath<Estimate, Double>) -> [String] {
    [
      name, money(cost.input, bound), money(cost.output, bound), money(cost.blended, bound), "", "",
      "this result",
    ]
  }

  private func money(_ range: CostRange?, _ bound: KeyPath<Estimate, Double>) -> String {
    range.map { Number.short($0.usdPerMillion[keyPath: bound]) } ?? "not known"
  }

  // MARK: - What it rests on

  private var assumptions: Markup {
    .section(
      "Assumptions",
      [
        .table(
          caption: "Every one can be given: moebench cost --help.",
          head: ["assumption", "value", "range", "unit", "from"],
          rows: cost.basis.lines.map { line in
            [
              line.name, Number.short(line.value.best),
              line.value.isExact
                ? "" : "\(Number.short(line.value.low)) to \(Number.short(line.value.high))",
              line.unit, line.source,
            ]
          }, numeric: [1, 2])
      ])
  }

  private var machine: Markup {
    let machine = result.machine
    func row(_ name: String, _ value: String?) -> [String] { [name, value ?? "not known"] }
    let rows = [
      row("processor", machine.cpu),
      row("logical processors", machine.logicalCores.map(String.init)),
      row("virtualisation", machine.virtualisation),
      row("memory", machine.memoryBytes.map { Number.bytes($0) }),
      row("reads from memory", machine.bandwidthGBs.map { "\(Number.short($0)) GB/s, measured" }),
      row("32-bit arithmetic", machine.floatGflops.map { "\(Number.short($0)) GFLOP/s, measured" }),
      row("8-bit arithmetic", machine.integerGops.map { "\(Number.short($0)) GOP/s, measured" }),
      row("system", machine.operatingSystem), row("kernel", machine.kernel),
      row(
        "engine",
        [result.engine.name, result.engine.instructionSet, result.engine.blas].compactMap { $0 }
          .joined(separator: ", ")),
      row("threads", result.engine.threads),
    ]
    var parts: [Markup] = [
      .table(
        caption: result.isOfThisMachine
          ? "Where it was measured." : "The client: the server that was measured is elsewhere.",
        head: ["", ""], rows: rows)
    ]
    if !result.warnings.isEmpty {
      parts.append(
        .table(
          caption: "What disturbed the run or limits what it says.", head: ["warning", "meaning"],
          rows: result.warnings.map { [$0.code, $0.message] }))
    }
    return .section("Machine and warnings", parts)
  }

  private func rawData() throws(JSONError) -> Markup {
    let bytes = Data(try result.document.utf8(pretty: true))
    return .section(
      "Raw data",
      [
        .tag(
          "p", [],
          [
            .text("Every sample, as it was stored: "),
            .tag(
              "a",
              [
                ("download", "result.json"),
                ("href", "data:application/json;base64,\(bytes.base64EncodedString())"),
              ], text: "result.json"),
            .text(" (\(Number.bytes(Double(bytes.count)))), from \(result.file)."),
          ])
      ])
  }
}
