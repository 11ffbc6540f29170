// A measured server for a person: load, latencies, failures, cost.

import Analysis
import Measurement

extension EndpointReport {
  /// At most 80 columns.
  public func text(_ style: Style = .plain) -> String {
    var blocks = [header(style), loadTable(style), latencyTable(style), phaseTable(style)]
    blocks.append(failureLines)
    if let cost {
      let text = CostText(cost, prices, style: style)
      blocks += [text.table, text.verdict.map(style.bold), text.assumptions]
    } else if let costReason {
      blocks.append(wrapped("No cost: \(costReason)"))
    }
    blocks.append(
      ["How the figures are made"]
        + Self.formulas.flatMap { wrapped("\($0.name) = \($0.formula)", width: 78) }.map {
          "  " + $0
        })
    blocks.append(warnings.flatMap { wrapped("Note (\($0.code)): \($0.message)") })
    return blocks.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }
      .joined(separator: "\n\n") + "\n"
  }

  private func header(_ style: Style) -> [String] {
    let api = "\(service.api)\(service.isStreaming ? ", streaming" : "")"
    var lines = wrapped("moebench \(tool.version) · \(service.model) at \(service.url) (\(api))")
    if let entry = catalogued?.entry, entry.name != service.model {
      lines += wrapped("taken for \(entry.name) of the catalogue")
    }
    let nodes = service.nodes == 1 ? "" : " on \(service.nodes) nodes"
    lines += wrapped(
      "\(load.requestsPerLevel) requests a level; prompts of about \(range(load.promptTokens)) tokens "
        + "from \(load.promptsFrom), at most \(range(load.outputTokens)) tokens out; "
        + "server \(service.isLocal ? "on this machine" : "elsewhere")\(nodes)")
    lines[0] = style.bold(lines[0])
    if status == .interrupted {
      lines.append(
        style.bold(
          Interruption.words(done: counts.done, planned: counts.planned, of: "requests")))
    }
    if !isValid && !judged.isEmpty {
      lines.append(style.bold("NOT VALID: too many requests failed"))
    }
    return lines
  }

  private func range(_ range: ClosedRange<Int>) -> String {
    range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
  }

  private func loadTable(_ style: Style) -> [String] {
    var table = TextTable([.left, .right, .right, .right, .right, .right, .right])
    table.add(["load", "ok/sent", "failed", "req/s", "tokens/s", "in flight", goodputTitle])
    for level in levels {
      let good = objective.flatMap(level.goodput)
      table.add([
        name(of: level), "\(level.succeeded.count)/\(level.measured.count)",
        level.failureShare.map(Number.percent) ?? "-",
        level.requestsPerSecond.map(Number.short) ?? "-",
        level.outputTokensPerSecond.map(Number.short) ?? "not measurable",
        level.meanInFlight.map(Number.short) ?? "-",
        good.map { "\($0.perSecond.map(Number.short) ?? "-") (\(Number.percent($0.share)))" } ?? "",
      ])
    }
    var lines = table.lines()
    if let first = lines.first { lines[0] = style.bold(first) }
    if let objective {
      let bounds = objective.bounds.map {
        "\($0.metric.rawValue) <= \(Number.duration($0.seconds))"
      }
      lines += wrapped("goodput: requests a second with \(bounds.joined(separator: ", "))")
    }
    return lines
  }

  private var goodputTitle: String { objective == nil ? "" : "goodput/s" }

  private func name(of level: LoadLevel) -> String {
    level.arrivals.label + (level.repeatsPrompts ? " repeated" : "")
  }

  private func latencyTable(_ style: Style) -> [String] {
    var table = TextTable([.left, .left, .right, .right, .right, .right, .right])
    table.add(["latency, ms", "", "mean", "p50", "p90", "p99", "n"])
    for level in levels {
      let cached = level.succeeded.filter(\.isCached).compactMap(\.firstToken)
      let rows: [(String, [Double])] = [
        ("TTFT", level.timesToFirstToken), ("TTFT, cached prompts", cached),
        ("TTFT of the answer", level.timesToFirstAnswer),
        ("TPOT", level.timesPerOutputToken),
        (level.gapsAreOfTokens ? "ITL" : "ITL, per chunk", level.gaps), ("E2E", level.endToEnd),
      ]
      var label = name(of: level)
      for (title, values) in rows {
        guard let all = Percentiles(values) else { continue }
        let figures = [all.mean, all.p50, all.p90, all.p99].map { Number.short($0 * 1000) }
        table.add([label, title] + figures + ["\(all.count)"])
        label = ""
      }
    }
    var lines = table.lines()
    guard lines.count > 1 else { return [] }
    lines[0] = style.bold(lines[0])
    return lines
  }

  private func phaseTable(_ style: Style) -> [String] {
    var table = TextTable([.left, .right, .left, .right, .left])
    let provenance = tests.flatMap(\.samples).map(\.energy).origin
    table.add([
      "test", "tokens/s", Number.interval, "J/token",
      provenance.map { "(\($0.rawValue))" } ?? "",
    ])
    for test in tests {
      let joules = test.joulesPerToken
      table.add([
        test.label, test.summary.map { Number.short($0.median) } ?? "not measurable",
        test.summary?.interval.map { "\(Number.short($0.low)) … \(Number.short($0.high))" }
          ?? "n = \(test.samples.count)",
        joules.map { Number.short($0.best) } ?? "-",
        joules.map { "\(Number.short($0.low)) … \(Number.short($0.high))" } ?? "",
      ])
    }
    var lines = table.lines()
    guard lines.count > 1 else { return [] }
    lines[0] = style.bold(lines[0])
    lines += wrapped("\(account.sentence); \(energyNote)")
    for level in levels {
      guard let use = level.server.value, let share = use.shareOfBusy else { continue }
      let names = Set(use.processes).sorted().prefix(4).joined(separator: ", ")
      lines += wrapped(
        "\(name(of: level)): the server's processes (\(names)) used \(Number.percent(share)) of the busy CPU time"
      )
    }
    return lines
  }

  private var failureLines: [String] {
    levels.flatMap { level -> [String] in
      let reasons = level.failureReasons.flatMap { reason in
        wrapped("\(name(of: level)): \(reason.count) failed, \(reason.code): \(reason.example)")
      }
      return reasons + (level.stopped.map { wrapped("\(name(of: level)): stopped: \($0)") } ?? [])
    }
  }
}
