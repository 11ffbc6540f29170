// Values with their intervals, one a line, on a shared logarithmic axis.

struct IntervalChart {
  struct Row {
    let name: String
    let low: Double
    let best: Double
    let high: Double
    /// 0 this machine, 1 the same model's API, 3 another model.
    let series: Int
  }

  private static let longestName = 42

  let rows: [Row]
  let unit: String

  /// Nil where nothing can be drawn.
  func figure(title: String, description: String, caption: String) -> Markup? {
    // Names take what they need: what they leave is for the values, which a phone has little room for.
    let longest = rows.map { min($0.name.count, Self.longestName) }.max() ?? 0
    let left = min(300, max(110, 24 + 7.2 * Double(longest)))
    let rowHeight = 26.0
    var chart = Chart(height: 44 + rowHeight * Double(rows.count))
    guard
      let axis = Axis(
        rows.flatMap { [$0.low, $0.best, $0.high] }, logarithmic: true, from: left, to: 740)
    else { return nil }
    let bottom = 12 + rowHeight * Double(rows.count)
    for tick in axis.ticks {
      let x = axis.position(tick)
      chart.line(x, 8, x, bottom, "grid")
      chart.label(Number.tick(tick), x, bottom + 16, .middle, soft: true)
    }
    chart.label(unit, 8, bottom + 16, soft: true)
    for (index, row) in rows.enumerated() where row.best > 0 {
      let y = 22 + rowHeight * Double(index)
      let style = "s\(row.series)"
      chart.label(row.name.shortened(to: Self.longestName), left - 12, y + 4, .end)
      chart.line(axis.position(row.low), y, axis.position(row.high), y, "bar faint " + style)
      chart.dot(axis.position(row.best), y, style)
    }
    return chart.figure(title: title, description: description, caption: caption)
  }
}
