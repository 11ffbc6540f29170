// Energy and carbon on the page: where the figures come from, what they amount to.

import Analysis
import CostModel
import Measurement

extension EntrySections {
  var energy: Markup {
    var sections: [Markup] = []
    if let account = result.energyAccount { sections += accountParts(account) }
    sections.append(testTable)
    if let table = phaseTable { sections.append(table) }
    if let parts = cost.blended?.parts { sections.append(partsTable(parts)) }
    return .section("Energy", sections)
  }

  private func accountParts(_ account: StoredEnergyAccount) -> [Markup] {
    let obtained = account.provenance ?? "not measured"
    let basis = account.basis.map { ", from \($0)" } ?? ""
    let idle = account.idle.map { "At rest with the model resident: \($0.cell) W" } ?? ""
    let idleOrigin = account.idleSource.map { ", \($0)." } ?? "."
    var parts: [Markup] = [
      .paragraph("\(obtained) by \(account.source)\(basis); covers \(account.covers).".capitalised)
    ]
    if !idle.isEmpty { parts.append(.paragraph(idle + idleOrigin)) }
    let origin = account.provenance.flatMap(EnergyProvenance.init(rawValue:))
    if origin?.readsMeter != true, !account.passedOver.isEmpty {
      parts.append(
        .table(
          caption: "Better meters that were not used.", head: ["meter", "why not"],
          rows: account.passedOver.map { [$0.meter, $0.reason] }))
    }
    return parts
  }

  private var testTable: Markup {
    let hasReasons = result.tests.contains { $0.joulesPerToken == nil }
    let rows = result.tests.map { test in
      [
        test.label, test.joulesPerToken.map { $0.cell } ?? "not known",
        test.energyProvenance ?? "none", test.energySource ?? "none",
      ]
        + (hasReasons
          ? [test.joulesPerToken == nil ? test.energyReason ?? "no reason was stored" : ""] : [])
    }
    return .table(
      caption: (result.model.slice == nil ? "Joules a token" : "Joules a token of the slice")
        + " with their range. An estimate stands in for a meter and is never ranked against one.",
      head: ["test", "J/token", "obtained", "source"] + (hasReasons ? ["why not"] : []),
      rows: rows, numeric: [1])
  }

  /// Of the tests the cost rests on.
  private var phaseTable: Markup? {
    let energy = TokenEnergy(cost, idleWatts: cost.basis.assumptions.idleWatts)
    var rows = [("prefill", energy.prefill), ("decode", energy.decode)].compactMap { name, phase in
      phase.map {
        [
          "\(name) (\($0.label))", $0.joulesPerToken.cell, $0.watts.cell,
          $0.joulesPerTokenAboveIdle?.cell ?? "not known",
        ]
      }
    }
    guard !rows.isEmpty else { return nil }
    if let total = energy.perTotalToken { rows.append(["a token of the mix", total.cell, "", ""]) }
    return .table(
      caption:
        "What the costs rest on\(cost.isPricedByWatts ? ", from the watts given" : ""). Prefill gives input tokens, decode output tokens; the last column leaves out what the machine draws at rest.",
      head: ["", "J/token", "W", "J/token above rest"], rows: rows, numeric: [1, 2, 3])
  }

  private func partsTable(_ parts: CostParts) -> Markup {
    let rows = [
      ("hardware or rent", parts.hardware), ("maintenance", parts.maintenance),
      ("fixed cost", parts.fixed), ("electricity, busy", parts.energyBusy),
      ("electricity, idle", parts.energyIdle),
    ]
    return .table(
      caption: "What a blended million tokens is paid for, at the assumed utilisation.",
      head: ["part", "$/M", "share"],
      rows: rows.filter { $0.1 > 0 }.map { name, value in
        [name, Number.short(value), parts.total > 0 ? Number.percent(value / parts.total) : ""]
      }, numeric: [1, 2])
  }

  // MARK: - Carbon

  var carbon: Markup {
    let carbon = cost.carbon
    let grid = "\(carbon.basis.gramsPerKWh.cell) g/kWh (\(carbon.basis.source))"
    if let reason = carbon.reason {
      return .section(
        "Carbon", [.paragraph("Not known: \(reason). The grid assumed: \(grid).")])
    }
    let making = carbon.embodiedBlended?.cell ?? "not counted: the machine's making is not known"
    return .section(
      "Carbon",
      [
        .table(
          caption:
            "Grams of CO2 equivalent per million tokens, idle hours included, on a grid of \(grid).",
          head: ["", "g CO2e per million"],
          rows: [
            ["input", carbon.input?.cell ?? "not known"],
            ["output", carbon.output?.cell ?? "not known"],
            ["blended", carbon.blended?.cell ?? "not known"],
            ["the machine's making, blended", making],
            ["an API", "not known: no price source publishes it"],
          ], numeric: [])
      ])
  }
}

extension String {
  /// The first letter large.
  fileprivate var capitalised: String { prefix(1).uppercased() + dropFirst() }
}
