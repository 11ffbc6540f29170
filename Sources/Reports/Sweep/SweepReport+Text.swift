// An experiment for a person: a table, what the load looked like, and what it means.

import Analysis
import CostModel
import Measurement

extension SweepReport {
  /// Plain text of about 80 columns.
  public func text(_ style: Style = .plain) -> String {
    var lines = heading(style) + [""] + table(style)
    lines += coverageLines(style) + priceLines(style)
    lines.append("")
    for sentence in reading { lines += wrapped(sentence) }
    for warning in warnings { lines += wrapped("Warning: \(warning.message)").map(style.dim) }
    return lines.joined(separator: "\n") + "\n"
  }

  private func heading(_ style: Style) -> [String] {
    guard let run = points.first?.run else { return [] }
    var lines = wrapped(
      "moebench \(run.tool.version) · sweep \(kind.rawValue) · \(run.model.name.safeForTerminal): "
        + kind.subject)
    lines[0] = style.bold(lines[0])
    let cpu = run.environment.cpu.modelName.value ?? "unknown processor"
    let threads = run.engine.threads.map(String.init).joined(separator: ",")
    lines += wrapped(
      "\(cpu.safeForTerminal), \(threads) thread\(threads == "1" ? "" : "s"), "
        + "\(run.engine.instructionSet); repetitions in alternation, "
        + "\(Number.duration(seconds)) in all")
    if let slice = run.model.slice {
      lines += wrapped(
        "Slices of \(slice.layersMeasured) of \(slice.layersTotal) layers were run; all figures are "
          + "the whole's, extrapolated.")
    }
    if status == .interrupted { lines.append(style.bold("interrupted, not all was measured")) }
    return lines
  }

  private func table(_ style: Style) -> [String] {
    var table = TextTable([.left, .right, .left, .right, .right, .right, .right, .right])
    table.add([
      kind.rawValue, "decode", Number.confidence, "prefill", "weights", "read", "J/token",
      "$/M out",
    ])
    for point in points {
      let speed = point.speed(point.decode)
      table.add([
        point.name.shortened(to: 14), speed.map { Number.short($0.best) } ?? "-",
        speed.map { "\(Number.rough($0.low))…\(Number.rough($0.high))".shortened(to: 15) } ?? "",
        point.speed(point.prefill).map { Number.short($0.best) } ?? "-",
        Number.bytes(Double(point.run.model.weightBytes)),
        point.bytes(point.decode).map { Number.bytes($0) } ?? "-",
        point.joules(point.decode).map { Number.short($0) } ?? "-",
        point.usdPerMillionOutput.map { Number.short($0.best) } ?? "-",
      ])
    }
    return table.headed(style) + wrapped(legend).map(style.dim)
  }

  private var legend: String {
    let decode = kind == .batch ? nil : points.compactMap(\.decode).first?.test.label
    let prefill = points.compactMap(\.prefill).first?.test.label
    let parts = [decode.map { "decode is \($0)" }, prefill.map { "prefill is \($0)" }]
    return (["tokens/s"] + parts.compactMap { $0 }).joined(separator: "; ")
      + "; bytes read, energy and cost a token of decode" + energyOrigin
  }

  /// What the joules are, which a column's heading has no room for.
  private var energyOrigin: String {
    let samples = points.compactMap(\.decode).flatMap(\.samples).map(\.energy)
    guard let figure = samples.first(where: { $0.origin != nil }) else { return "" }
    let whole = points.contains { $0.run.model.slice != nil } ? ", extrapolated" : ""
    return "; energy \(figure.provenance.rawValue) by \(figure.source)\(whole)"
  }

  private func coverageLines(_ style: Style) -> [String] {
    let mixtures = points.filter { $0.mixture != nil && $0.decode?.distinctExperts != nil }
    guard kind != .format, kind != .dense, !mixtures.isEmpty else { return [] }
    var table = TextTable([.left, .right, .right, .right, .right])
    table.add(["experts awake in a step", "measured", "if at random", "Gini", "busiest tenth"])
    for point in mixtures {
      let skew = point.skew(point.decode)
      table.add([
        "  \(point.name), of \(point.mixture?.experts ?? 0)",
        point.decode?.distinctExperts.map { Number.short($0) } ?? "-",
        point.expectedDistinct(point.decode).map { Number.short($0) } ?? "-",
        skew.map { Number.short($0.gini) } ?? "-",
        skew.map { Number.percent($0.hotShare) } ?? "-",
      ])
    }
    return [""] + table.headed(style)
  }

  /// What the APIs take for the same million tokens.
  private func priceLines(_ style: Style) -> [String] {
    guard let prices = points.first?.run.prices, !prices.isEmpty else { return [] }
    var table = TextTable([.left, .right, .right])
    table.add(["APIs, $ per million tokens", "input", "output"])
    for row in prices.map(\.quote.row) {
      table.add([
        CostText.name(of: row), row.usdPerMillionInput.map { Number.short($0) } ?? "-",
        row.usdPerMillionOutput.map { Number.short($0) } ?? "-",
      ])
    }
    return [""] + table.headed(style) + CostText.notes(prices).map(style.dim)
  }
}
