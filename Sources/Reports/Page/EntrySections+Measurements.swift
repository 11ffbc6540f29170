// Speed, parameters and energy on the page.

import Analysis
import CostModel
import Foundation
import Measurement

extension EntrySections {
  // MARK: - Speed

  var speed: Markup {
    let rows = result.tests.flatMap { test in
      [speedRow(test)] + (test.whole.map { [wholeRow($0)] } ?? [])
    }
    let table = Markup.table(
      caption:
        "Median of the repetitions with its \(Number.interval); shares of the limits measured on this machine.",
      head: [
        "test", "threads", "tokens/s", Number.interval, "n", "of arithmetic", "of memory",
        "experts touched",
      ], rows: rows, numeric: [1, 2, 3, 4, 5, 6, 7])
    let note = result.model.slice.map { slice in
      Markup.paragraph(
        "Only \(slice.measured) of \(slice.total) layers were run: the tests below are of that slice. The rows of the whole are extrapolated from each kind of layer's own time, and the costs above rest on them."
      )
    }
    return .section(
      "Speed", [note, figure(.prefill), figure(.decode), table].compactMap { $0 })
  }

  private func wholeRow(_ whole: StoredExtrapolation) -> [String] {
    let summary = Summary(whole.tokensPerSecond)
    let interval = summary?.interval.map { "\(Number.short($0.low)) to \(Number.short($0.high))" }
    return [
      "the whole, extrapolated", "", summary.map { Number.short($0.median) } ?? "not known",
      interval ?? "one sample", String(whole.tokensPerSecond.count), "", "", "",
    ]
  }

  private func speedRow(_ test: StoredTest) -> [String] {
    func known(_ value: Double?, _ text: (Double) -> String) -> String {
      value.map(text) ?? "not known"
    }
    let interval = test.summary?.interval.map {
      "\(Number.short($0.low)) to \(Number.short($0.high))"
    }
    return [
      test.label, String(test.threads), known(test.summary?.median, Number.short),
      interval ?? "one sample", String(test.samples.count),
      known(test.arithmeticShare, Number.percent), known(test.bandwidthShare, Number.percent),
      known(test.distinctExperts, Number.short),
    ]
  }

  /// A curve over the size that varies most; intervals where no size does.
  private func figure(_ phase: Phase) -> Markup? {
    let tests = result.tests.filter { $0.phase == phase && $0.summary != nil }
    guard !tests.isEmpty else { return nil }
    let word = phase == .prefill ? "Prefill" : "Decode"
    let sizes: [(name: String, of: (StoredTest) -> Int)] =
      phase == .prefill
      ? [("prompt tokens", { $0.promptTokens }), ("tokens in the cache", { $0.depth })]
      : [("sequences together", { $0.batch }), ("tokens in the cache", { $0.depth })]
    let varying = sizes.filter { size in Set(tests.map(size.of)).count > 1 }
    guard let x = varying.first else { return intervals(tests, word) }
    let other = varying.dropFirst().first
    let groups = Dictionary(grouping: tests) { other?.of($0) ?? 0 }
    let series = groups.keys.sorted().prefix(4).enumerated().map { index, key in
      let points = (groups[key] ?? []).sorted { x.of($0) < x.of($1) }
      let summaries = points.compactMap(\.summary)
      return LineChart.Series(
        name: other.map { "\(key) \($0.name)" } ?? word,
        points: zip(points, summaries).map { (Double(x.of($0)), $1.median) },
        low: summaries.map { $0.interval?.low ?? $0.minimum },
        high: summaries.map { $0.interval?.high ?? $0.maximum }, index: index)
    }
    let hasZero = tests.contains { x.of($0) == 0 }
    return LineChart(
      series: series, xTitle: x.name, yTitle: "tokens/s", logarithmicX: !hasZero,
      logarithmicY: false
    ).figure(
      title: "\(word) over \(x.name)",
      description: "\(word), tokens a second with \(Number.interval)s, over \(x.name).",
      caption: "\(word): tokens a second over \(x.name), with \(Number.interval)s.")
  }

  private func intervals(_ tests: [StoredTest], _ word: String) -> Markup? {
    let rows = tests.compactMap { test in
      test.summary.map { summary in
        IntervalChart.Row(
          name: "\(test.label), \(test.threads) threads",
          low: summary.interval?.low ?? summary.minimum, best: summary.median,
          high: summary.interval?.high ?? summary.maximum, series: 0)
      }
    }
    return IntervalChart(rows: rows, unit: "tokens/s").figure(
      title: "\(word), tokens a second",
      description: "\(word): median with its \(Number.interval) of each test.",
      caption: "\(word): tokens a second, median and \(Number.interval), logarithmic.")
  }

  // MARK: - Parameters

  var parameters: Markup {
    let model = result.model
    var rows: [[String]] = []
    var bars: [(String, Double)] = []
    func add(_ name: String, _ value: Double?, _ meaning: String) {
      rows.append([name, value.map { Number.count($0) } ?? "not known", meaning])
      if let value { bars.append((name, value)) }
    }
    add("total", model.totalParameters, "must fit in memory")
    add("active", model.activeParameters, "multiplied for each token")
    if let decode = result.tests.last(where: { $0.phase == .decode }) {
      var touched: Double?
      let isSlice = model.slice != nil
      if let bytes = isSlice ? decode.whole?.bytesTouchedPerToken : decode.bytesTouchedPerToken,
        let all = model.weightBytes, all > 0,
        let total = model.totalParameters
      {
        touched = bytes / all * total
      }
      add(
        "touched", touched,
        "read from memory a token in \(decode.label): the weights' share of the bytes "
          + (isSlice ? "extrapolated" : "measured"))
    }
    let bytes = model.weightBytes.map { Number.bytes($0) } ?? "unknown size"
    let table = Markup.table(
      caption: "Parameters of \(model.name) in \(model.weightFormat), \(bytes).",
      head: ["", "parameters", "what it means"], rows: rows, numeric: [1])
    return .section(
      "Parameters: total, active, touched", [parameterFigure(bars), table].compactMap { $0 })
  }

  private func parameterFigure(_ bars: [(String, Double)]) -> Markup? {
    var chart = Chart(height: 14 + 34 * Double(bars.count))
    guard let axis = Axis(bars.map(\.1), logarithmic: false, from: 90, to: 640) else { return nil }
    for (index, bar) in bars.enumerated() {
      let y = 8 + 34 * Double(index)
      chart.label(bar.0, 80, y + 17, .end)
      chart.bar(90, y, axis.position(bar.1) - 90, 24, "s\(index == 0 ? 3 : index == 1 ? 0 : 2)")
      chart.label(Number.count(bar.1), axis.position(bar.1) + 8, y + 17)
    }
    let words = bars.map { "\($0.0) \(Number.count($0.1))" }.joined(separator: ", ")
    return chart.figure(
      title: "Parameters", description: words + ".",
      caption: "All weights must be held; only the active ones are multiplied for a token.")
  }
}
