// A run for a person: what was measured, what it costs, what the APIs take, and a verdict.

import Analysis
import Measurement

extension RunReport {
  /// At most 80 columns.
  public func text(_ style: Style = .plain) -> String {
    var blocks = [header(style), measurements(style), peer?.lines(style, own: cost) ?? []]
    if let cost {
      let text = CostText(cost, prices, style: style)
      blocks += [text.table, text.verdict.map(style.bold), text.assumptions]
    }
    if !warnings.isEmpty {
      blocks.append(warnings.map { "Note (\($0.code)): \($0.message)" }.flatMap { wrapped($0) })
    }
    return blocks.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }
      .joined(separator: "\n\n") + "\n"
  }

  private func header(_ style: Style) -> [String] {
    let weights =
      switch model.source {
      case .synthetic: "synthetic weights of its true shape"
      default: "weights from \(model.source.rawValue)"
      }
    var lines = [
      "moebench \(tool.version) · \(model.name.safeForTerminal), \(weights)",
      "\(Number.count(Double(model.totalParameters))) parameters, "
        + "\(Number.count(Double(model.activeParameters))) active\(touched ?? " a token") · "
        + "\(model.weightFormat), \(Number.bytes(Double(model.weightBytes)))",
    ]
    if let slice = model.slice {
      lines.append(
        "A slice: \(slice.layersMeasured) of \(slice.layersTotal) layers were measured, "
          + "in \(Number.bytes(Double(slice.weightBytes))); the rest is extrapolated")
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
    lines = lines.flatMap { wrapped($0) }
    lines[0] = style.bold(lines[0])
    if let interruption { lines.append(style.bold(interruption)) }
    return lines
  }

  /// In a step of the widest decode test; nil where only a slice of the model was run.
  private var touched: String? {
    let decodes = tests.filter { $0.test.phase == .decode && model.slice == nil }
    guard let widest = decodes.max(by: { $0.test.batch < $1.test.batch }),
      let parameters = touchedParameters(of: widest)
    else { return nil }
    return ", \(Number.count(parameters)) touched a step (b\(widest.test.batch))"
  }

  private func measurements(_ style: Style) -> [String] {
    var table = TextTable([.left, .right, .left, .left, .right, .left])
    let provenance = tests.flatMap(\.samples).map(\.energy).origin
    table.add([
      "test", "tokens/s", Number.interval, "of the limit", "J/token",
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
      if let whole = extrapolation(of: result) {
        let (speed, joules) = (whole.tokensPerSecond, whole.joulesPerToken)
        table.add([
          "  the whole", Number.short(speed.best),
          "\(Number.short(speed.low)) … \(Number.short(speed.high))", "extrapolated",
          joules.map { Number.short($0.best) } ?? "-",
          joules.map { "\(Number.short($0.low)) … \(Number.short($0.high))" } ?? "",
        ])
      }
    }
    var lines = table.lines().map { $0.shortened(to: 80) }
    if let first = lines.first { lines[0] = style.bold(first) }
    return lines + energyLines
  }

  private var energyLines: [String] {
    guard let account = energyAccount else {
      let source = tests.flatMap(\.samples).first?.energy.source
      return source.map { wrapped("Energy: \($0)") } ?? []
    }
    let samples = tests.flatMap(\.samples).map(\.energy)
    var lines: [String]
    if let reason = samples.first?.joules.reason, samples.origin == nil, account.provenance != nil {
      lines = wrapped("Energy: no figure by \(account.source): \(reason)")
    } else {
      lines = wrapped(account.sentence)
    }
    if let idle = account.idle {
      let watts = idle.watts
      lines += wrapped(
        "At rest with the model resident: \(Number.short(watts.best)) W "
          + "(\(Number.short(watts.low)) … \(Number.short(watts.high))), \(idle.provenance.rawValue)"
      )
    }
    if account.provenance?.readsMeter != true, !account.passedOver.isEmpty {
      let slow = account.passedOver.filter { $0.reason.fault == .windowTooShort }
      lines += slow.flatMap {
        wrapped("\($0.name) is there but \($0.reason.message): ask for more tokens")
      }
      let names = account.passedOver.filter { $0.reason.fault != .windowTooShort }.map(\.name)
      let others = slow.isEmpty ? "No meter works here" : "No other meter works here"
      if !names.isEmpty {
        lines += wrapped("\(others) (\(names.joined(separator: ", "))); moebench doctor says why")
      }
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
}

/// Breaks a sentence into lines of at most 80 characters; a longer word is broken too.
func wrapped(_ text: String, width: Int = 80) -> [String] {
  var lines: [String] = []
  var line = ""
  for word in text.safeForTerminal.split(separator: " ").flatMap({ $0.pieces(of: width) }) {
    if !line.isEmpty && line.count + 1 + word.count > width {
      lines.append(line)
      line = ""
    }
    line += (line.isEmpty ? "" : " ") + word
  }
  return line.isEmpty ? lines : lines + [line]
}

extension Substring {
  fileprivate func pieces(of width: Int) -> [Substring] {
    var pieces: [Substring] = []
    var rest = self
    while !rest.isEmpty {
      pieces.append(rest.prefix(width))
      rest = rest.dropFirst(width)
    }
    return pieces
  }
}
