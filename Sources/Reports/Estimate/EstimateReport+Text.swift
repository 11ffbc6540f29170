// Predictions for a person: one model in full, several in a table.

import Analysis
import CostModel
import Measurement

extension EstimateReport {
  /// Plain text of about 80 columns.
  public func text(_ style: Style = .plain) -> String {
    var lines = heading(style)
    if estimates.count == 1, let only = estimates.first {
      lines += only.lines(style)
    } else {
      lines += table(style)
    }
    lines += verificationLines(style)
    return lines.joined(separator: "\n") + "\n"
  }

  private func heading(_ style: Style) -> [String] {
    let threads = supposedCores ?? limits.threads
    var lines = wrapped(
      "\(basis), \(Number.counted(threads, "thread"))"
        + (limitsFile == nil ? "; \(age)" : "; memory and power as of this machine")
        + (corrections.isEmpty
          ? "" : "; scaled by \(corrections.count) earlier measurements"))
    lines[0] = style.bold(lines[0])
    if let extrapolationSpread, extrapolationSpread > 0 {
      lines += wrapped(
        "Ranges are wider by \(Number.percent(extrapolationSpread)) of the speed: a judgement, "
          + "\(Number.percent(SpeedCorrection.spreadPerDoubling)) for each doubling of bandwidth or "
          + "cores that leads away from the machine that was measured")
    }
    if let reason = limits.disturbed {
      lines += wrapped("Warning: \(reason): the speeds here are too low.")
    }
    return lines + [""]
  }

  private var age: String {
    limitsAge.map { "limits measured \(Number.age($0)) ago" } ?? "limits just measured"
  }

  /// What the predictions are of.
  private var basis: String {
    if let limitsFile {
      let ago = limitsAge.map { " (\(Number.age($0)) ago)" } ?? ""
      return "Predicted from limits of \(limitsFile.safeForTerminal), measured at "
        + "\(limits.measuredAt.safeForTerminal)\(ago)\(supposed.map { ", but \($0)" } ?? "")"
    }
    let cpu = environment.cpu.modelName.value ?? "unknown processor"
    return
      "Predicted for \(supposed.map { "a machine as this one, but \($0)" } ?? cpu.safeForTerminal)"
  }

  private func table(_ style: Style) -> [String] {
    let first = estimates.first
    var lines = rows(nameWidth: Self.nameWidth)
    let excess = (lines.map(\.count).max() ?? 0) - 80
    // Wide figures take their room from the names.
    if excess > 0 {
      let longest = estimates.map { $0.name.count + 1 + $0.weightFormat.count }.max() ?? 0
      lines = rows(nameWidth: max(12, min(longest, Self.nameWidth) - excess))
    }
    lines = lines.map { $0.shortened(to: 80) }
    if let head = lines.first { lines[0] = style.bold(head) }
    var notes = wrapped(
      "GB: weights and the cache of \(first?.cachePositions ?? 0) positions. Fits: here, or a machine "
        + "of so many GiB; speeds, tokens/s, are then what this processor would do with that "
        + "memory. Of decode: its range, J a token, $ a million output tokens; more with -o json, or for one model."
    )
    let reasons = Set(estimates.compactMap(\.reason)).sorted()
    for reason in reasons.prefix(3) { notes += wrapped(reason) }
    return lines + [""] + notes.map(style.dim)
  }

  /// Widest name of a model.
  private static let nameWidth = 30

  private func rows(nameWidth: Int) -> [String] {
    var table = TextTable([.left] + Array(repeating: .right, count: 9))
    let first = estimates.first
    table.add([
      "model", "total", "active", "GB", "fits",
      first?.test(.prefill)?.test.label ?? "prefill",
      first?.test(.decode)?.test.label ?? "decode", "range", "J", "$/M",
    ])
    let isOneFormat = estimates.allSatisfy { $0.weightFormat == first?.weightFormat }
    for estimate in estimates {
      let format = isOneFormat ? "" : " " + estimate.weightFormat
      let decode = estimate.test(.decode)
      table.add([
        estimate.name.safeForTerminal.shortened(to: max(4, nameWidth - format.count)) + format,
        estimate.parameters.map { Number.count($0.total) } ?? "-",
        estimate.parameters.map { Number.count($0.active) } ?? "-",
        estimate.fit.map { Number.short($0.neededBytes / 1e9) } ?? "-",
        estimate.machine,
        estimate.test(.prefill).map { Number.short($0.speed.best) } ?? "-",
        decode.map { Number.short($0.speed.best) } ?? "-", estimate.decodeRange ?? "-",
        decode?.joulesPerToken.map { Number.short($0.best) } ?? "-",
        estimate.cost?.output.map { Number.short($0.usdPerMillion.best) } ?? "-",
      ])
    }
    return table.lines(gap: 1)
  }

  private func verificationLines(_ style: Style) -> [String] {
    let errors = verification
    guard !errors.isEmpty else { return [] }
    var table = TextTable([.left, .left, .left, .right, .right, .right])
    table.add(["verified", "", "", "predicted", "measured", "error"])
    for error in errors {
      table.add([
        error.model.safeForTerminal.shortened(to: 26), error.format, error.label,
        Number.short(error.predicted), Number.short(error.measured),
        "\(error.relative < 0 ? "-" : "+")\(Number.percent(abs(error.relative)))",
      ])
    }
    let median = errors.medianError.map { "Median error \(Number.percent($0))" } ?? ""
    return [""] + table.headed(style) + [median + ", of \(errors.count) tests."]
  }
}

extension ModelEstimate {
  /// Where it would run.
  fileprivate var machine: String {
    guard let fit else { return "-" }
    if fit.fits == true { return place }
    return fit.machineGB.map { "\($0)" } ?? ">\(MemoryFit.machineSizes.last ?? 0)"
  }

  private var place: String { memoryIsSupposed ? "there" : "here" }

  /// The range of decode, roughly: what fits a table.
  fileprivate var decodeRange: String? {
    test(.decode).map { "\(Number.rough($0.speed.low))…\(Number.rough($0.speed.high))" }
  }

  fileprivate func lines(_ style: Style) -> [String] {
    var table = TextTable([.left, .left])
    func add(_ name: String, _ value: String?) { if let value { table.add([name, value]) } }
    add("model", name.safeForTerminal)
    add(
      "parameters",
      parameters.map { p in
        "\(Number.count(p.total)) total, \(Number.count(p.active)) active a token"
          + (test(.decode).map { ", \(Number.count($0.touchedParameters)) touched a step" } ?? "")
      })
    add(
      "weights",
      bytesByFormat.isEmpty
        ? nil
        : bytesByFormat.map { "\(Number.bytes($0.bytes)) in \($0.format)" }.joined(separator: ", "))
    add(
      "cache",
      cacheBytesPerToken.map {
        "\(Number.bytes($0)) a token, \(Number.bytes(fit?.cacheBytes ?? 0)) for \(cachePositions)"
      })
    add("memory", memoryLine)
    var lines = table.lines().map { $0.shortened(to: 80) }
    if !tests.isEmpty { lines += [""] + testLines(style) }
    if let cost { lines += [""] + CostText(cost, prices, style: style).table }
    if let reason { lines += [""] + wrapped(reason) }
    return lines
  }

  private var memoryLine: String? {
    guard let fit else { return nil }
    let needed = "\(Number.bytes(fit.neededBytes)) needed in \(weightFormat)"
    guard let available = fit.availableBytes else {
      return needed + ", the free memory is not known"
    }
    if fit.fits == true { return needed + ", \(Number.bytes(available)) free \(place): it fits" }
    let holder =
      fit.machineGB.map { "a machine of \($0) GiB would hold it" } ?? "no common machine holds it"
    return needed + ", \(Number.bytes(available)) free \(place): \(holder)"
  }

  private func testLines(_ style: Style) -> [String] {
    var table = TextTable([.left, .right, .left, .right, .left])
    table.add(["test", "tokens/s", "range", "J/token", ""])
    for test in tests {
      table.add([
        test.test.label, Number.short(test.speed.best),
        "\(Number.short(test.speed.low)) … \(Number.short(test.speed.high))",
        test.joulesPerToken.map { Number.short($0.best) } ?? "-",
        test.joulesPerToken.map { "\(Number.short($0.low)) … \(Number.short($0.high))" } ?? "",
      ])
    }
    var lines = table.headed(style)
    for test in tests {
      let parts = [
        ("shared projections", test.time.shared), ("experts", test.time.experts),
        ("head", test.time.head), ("attention", test.time.attention),
        ("hand-over", test.time.layers),
      ].filter { $0.1 / test.time.total >= 0.005 }.map {
        "\($0.0) \(Number.percent($0.1 / test.time.total))"
      }
      lines += wrapped("\(test.test.label) is spent on \(parts.joined(separator: ", ")).")
    }
    if let energyReason { lines += wrapped("No energy: \(energyReason)") }
    return lines
  }
}
