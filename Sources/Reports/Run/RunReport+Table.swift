// A run for a person: what was measured, what it costs, what the APIs take, and a verdict.

import Analysis
import CostModel
import Measurement
import Models

extension RunReport {
  /// Plain text of at most about 80 columns, unless a name is longer.
  public var text: String {
    var blocks = [header, measurements]
    if let cost { blocks += [costs(cost), verdict(cost), assumptions(cost)] }
    if !warnings.isEmpty {
      blocks.append(warnings.map { "Note (\($0.code)): \($0.message)" }.flatMap { wrapped($0) })
    }
    return blocks.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }
      .joined(separator: "\n\n") + "\n"
  }

  private var header: [String] {
    let weights =
      switch model.source {
      case .synthetic: "synthetic weights of its true shape"
      default: "weights from \(model.source.rawValue)"
      }
    var lines = [
      "moebench \(tool.version) · \(model.name.safeForTerminal), \(weights)",
      "\(Number.count(Double(model.totalParameters))) parameters, "
        + "\(Number.count(Double(model.activeParameters))) active a token · \(model.weightFormat), "
        + Number.bytes(Double(model.weightBytes)),
    ]
    if let slice = model.slice {
      lines.append(
        "A slice: \(slice.layersMeasured) of \(slice.layersTotal) layers were measured")
    }
    let cpu = environment.cpu.modelName.value ?? "unknown processor"
    let virtual = environment.virtualisation.value.flatMap { $0 }.map { ", virtual (\($0))" } ?? ""
    let threads = engine.threads.map(String.init).joined(separator: ",")
    lines.append(
      "\(cpu.safeForTerminal)\(virtual), \(threads) thread\(threads == "1" ? "" : "s"), \(engine.instructionSet)"
    )
    let limits = [
      ceilings.bandwidth.value.map { "\(Number.short($0.median / 1e9)) GB/s read" },
      ceilings.floatRate.value.map { "\(Number.short($0.median / 1e9)) GFLOP/s" },
      ceilings.integerRate.value.map { "\(Number.short($0.median / 1e9)) GOP/s int8" },
    ].compactMap { $0 }
    if !limits.isEmpty { lines.append("limits measured here: " + limits.joined(separator: ", ")) }
    if status == .interrupted {
      let done = tests.reduce(0) { $0 + $1.samples.count }
      lines.append("INTERRUPTED: \(done) of \(plannedSamples) repetitions")
    }
    return lines
  }

  private var measurements: [String] {
    var table = TextTable([.left, .right, .left, .left, .right, .left])
    let provenance = tests.flatMap(\.samples).first?.energy.provenance
    table.add([
      "test", "tokens/s", "95 % interval", "of the limit", "J/token",
      provenance.map { "(\($0.rawValue))" } ?? "",
    ])
    for result in tests {
      let summary = result.summary()
      let joules = result.joulesPerToken
      let label =
        engine.threads.count > 1
        ? "\(result.test.label) t\(result.test.threads)" : result.test.label
      table.add([
        label,
        summary.map { Number.short($0.median) } ?? "-",
        summary?.interval.map { "\(Number.short($0.low)) … \(Number.short($0.high))" }
          ?? "n = \(summary?.count ?? 0)",
        limit(of: result),
        joules.map { Number.short($0.best) } ?? "-",
        joules.map { "\(Number.short($0.low)) … \(Number.short($0.high))" } ?? "",
      ])
    }
    var lines = table.lines()
    if let source = tests.flatMap(\.samples).first?.energy.source {
      lines += wrapped("Energy: \(source)")
    }
    return lines
  }

  private func limit(of result: TestResult) -> String {
    let attainment = attainment(of: result)
    switch result.test.phase {
    case .prefill:
      let kind = model.usesIntegers ? "int8" : "f32"
      return attainment.arithmeticShare.map { "\(Number.percent($0)) of \(kind)" } ?? "-"
    case .decode:
      return attainment.bandwidthShare.map { "\(Number.percent($0)) of memory" } ?? "-"
    }
  }

  private func costs(_ cost: RunCost) -> [String] {
    var table = TextTable([.left, .right, .left, .right, .left])
    table.add(["$ per million tokens", "input", "", "output", ""])
    func row(_ name: String, _ input: CostRange?, _ output: CostRange?) {
      table.add([
        name, money(input?.usdPerMillion.best), range(input), money(output?.usdPerMillion.best),
        range(output),
      ])
    }
    let used = cost.basis.assumptions.utilisation.best
    row("this machine, \(Number.percent(used)) used", cost.input, cost.output)
    row("  electricity alone", cost.inputEnergyOnly, cost.outputEnergyOnly)
    for price in prices {
      let row = price.quote.row
      table.add([
        "\(row.model) (\(row.provider)\(row.tier.map { ", \($0)" } ?? ""))".safeForTerminal,
        money(row.usdPerMillionInput), price.quote.sameModel ? "" : "another",
        money(row.usdPerMillionOutput), price.quote.sameModel ? "" : "model",
      ])
    }
    var lines = table.lines()
    if let row = prices.first?.quote.row {
      lines.append("List prices as of \(row.asOf.safeForTerminal); sources in the JSON output.")
    }
    return lines
  }

  private func money(_ value: Double?) -> String { value.map { Number.short($0) } ?? "-" }

  private func range(_ cost: CostRange?) -> String {
    guard let range = cost?.usdPerMillion else { return "" }
    return "\(Number.short(range.low))…\(Number.short(range.high))"
  }

  private func assumptions(_ cost: RunCost) -> [String] {
    var lines = ["Assumed (each can be given; see moebench run --help):"]
    var table = TextTable([.left, .right, .left, .left])
    for line in cost.basis.lines {
      let width =
        line.value.isExact
        ? "" : "(\(Number.short(line.value.low))…\(Number.short(line.value.high)))"
      table.add([
        "  " + line.name, Number.short(line.value.best), line.unit + " " + width,
        line.source.safeForTerminal,
      ])
    }
    lines += table.lines().map { $0.count > 80 ? String($0.prefix(79)) + "…" : $0 }
    return lines
  }
}

/// Breaks a sentence into lines of at most 80 characters.
func wrapped(_ text: String, width: Int = 80) -> [String] {
  var lines: [String] = []
  var line = ""
  for word in text.split(separator: " ") {
    if !line.isEmpty && line.count + 1 + word.count > width {
      lines.append(line)
      line = ""
    }
    line += (line.isEmpty ? "" : " ") + word
  }
  return line.isEmpty ? lines : lines + [line]
}
