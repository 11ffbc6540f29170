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
      test.label, test.threads.map(String.init) ?? "not known",
      known(test.summary?.median, Number.short),
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
          name: test.threads.map { "\(test.label), \($0) threads" } ?? test.label,
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
    for decode in touchedTests {
      let sequences = decode.batch == 1 ? "one token" : "\(decode.batch) tokens, one a sequence"
      let name = touchedTests.count > 1 ? "touched, b\(decode.batch)" : "touched"
      let touched = decode.parametersTouchedPerStep
      if model.slice == nil {
        add(name, touched, "read from memory in a step of \(decode.label), for \(sequences)")
      } else {
        let part = touched.map { Number.count($0) } ?? "not known"
        add(name, nil, "a step of \(decode.label) read \(part) in the layers that were run")
      }
    }
    let bytes = model.weightBytes.map { Number.bytes($0) } ?? "unknown size"
    let table = Markup.table(
      caption: "Parameters of \(model.name) in \(model.weightFormat), \(bytes).",
      head: ["", "parameters", "what it means"], rows: rows, numeric: [1])
    return .section(
      "Parameters: total, active, touched", [parameterFigure(bars), table].compactMap { $0 })
  }

  /// Decode of the fewest and of the most sequences: what is touched grows from the active towards the total.
  private var touchedTests: [StoredTest] {
    let decodes = result.tests.filter { $0.phase == .decode }.sorted { $0.batch < $1.batch }
    guard let few = decodes.first, let many = decodes.last else { return [] }
    return few.batch < many.batch ? [few, many] : [few]
  }

  private func parameterFigure(_ bars: [(String, Double)]) -> Markup? {
    var chart = Chart(height: 14 + 34 * Double(bars.count))
    guard let axis = Axis(bars.map(\.1), logarithmic: false, from: 110, to: 640) else { return nil }
    for (index, bar) in bars.enumerated() {
      let y = 8 + 34 * Double(index)
      chart.label(bar.0, 100, y + 17, .end)
      chart.bar(110, y, axis.position(bar.1) - 110, 24, "s\(index == 0 ? 3 : index == 1 ? 0 : 2)")
      chart.label(Number.count(bar.1), axis.position(bar.1) + 8, y + 17)
    }
    let words = bars.map { "\($0.0) \(Number.count($0.1))" }.joined(separator: ", ")
    return chart.figure(
      title: "Parameters", description: words + ".",
      caption:
        "All weights must be held; the active ones are multiplied for a token; those touched are read in a step."
    )
  }
}
