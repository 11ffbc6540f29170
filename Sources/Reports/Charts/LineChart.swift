// Lines with their bands over a shared axis.

/// Lines over a shared axis, each with a name at its end.
struct LineChart {
  struct Series {
    let name: String
    let points: [(x: Double, y: Double)]
    let low: [Double]
    let high: [Double]
    let index: Int
    var isDashed = false
  }

  let series: [Series]
  let xTitle: String
  let yTitle: String
  var logarithmicX = true
  var logarithmicY = true
  /// A vertical mark with its words.
  var mark: (x: Double, text: String)?

  private static let (left, right) = (70.0, 740.0)
  private static let legendRowHeight = 20.0
  /// Of the y axis' upper end, the legend above it.
  private var top: Double { 24 + Self.legendRowHeight * Double(legendPlaces.last?.row ?? 0) + 16 }
  private var bottom: Double { top + 245 }

  func figure(title: String, description: String, caption: String) -> Markup? {
    var chart = Chart(height: bottom + 55)
    let points = series.flatMap(\.points)
    let marks = mark.map { [$0.x] } ?? []
    let ends = series.flatMap { $0.low + $0.high }
    guard
      let xs = Axis(
        points.map(\.x) + marks, logarithmic: logarithmicX, from: Self.left, to: Self.right),
      let ys = Axis(
        points.map(\.y) + ends.map(clipped), logarithmic: logarithmicY, from: bottom, to: top)
    else { return nil }
    for tick in xs.ticks {
      chart.line(xs.position(tick), top, xs.position(tick), bottom, "grid")
      chart.label(Number.tick(tick), xs.position(tick), bottom + 18, .middle, soft: true)
    }
    for tick in ys.ticks {
      chart.line(Self.left, ys.position(tick), Self.right, ys.position(tick), "grid")
      chart.label(Number.tick(tick), 62, ys.position(tick) + 4, .end, soft: true)
    }
    chart.label(yTitle, 8, 16, soft: true)
    chart.label(xTitle, Self.right, bottom + 42, .end, soft: true)
    for line in series { draw(line, &chart, xs, ys) }
    drawLegend(&chart)
    drawMark(&chart, xs)
    let cut = ends.filter { clipped($0) < $0 }.max().map {
      " Arrows: the interval goes on, to \(Number.short($0)) at most."
    }
    return chart.figure(
      title: title, description: description + (cut ?? ""), caption: caption + (cut ?? ""))
  }

  /// One wide interval, as two samples give, must not flatten all lines: it ends at one and a half of the highest point.
  private func clipped(_ value: Double) -> Double {
    let highest = series.flatMap(\.points).map(\.y).max() ?? 0
    return logarithmicY || highest <= 0 ? value : min(max(value, 0), 1.5 * highest)
  }

  private func draw(_ line: Series, _ chart: inout Chart, _ xs: Axis, _ ys: Axis) {
    let style = "s\(line.index)"
    let place = line.points.map { (x: xs.position($0.x), y: ys.position($0.y)) }
    if line.low.count == place.count, line.high.count == place.count, !line.low.isEmpty {
      let upper = zip(place, line.high).map { (x: $0.x, y: ys.position(clipped($1))) }
      let lower = zip(place, line.low).map { (x: $0.x, y: ys.position(clipped($1))) }
      if place.count > 1 {
        chart.path(upper + lower.reversed(), "band " + style, closed: true)
      } else {
        for (top, bottom) in zip(upper, lower) {
          chart.line(top.x, top.y, bottom.x, bottom.y, "bar faint " + style)
        }
      }
      for (end, high) in zip(upper, line.high) where clipped(high) < high {
        chart.path(
          [(end.x - 6, end.y), (end.x, end.y - 9), (end.x + 6, end.y)], style, closed: true)
      }
    }
    chart.path(place, "line \(style)\(line.isDashed ? " dash" : "")")
    if place.count < 24 { for point in place { chart.dot(point.x, point.y, style) } }
  }

  /// Where each name stands: in rows, as many as it takes to cut none.
  private var legendPlaces: [(x: Double, row: Int)] {
    let first = 180.0
    var (x, row) = (first, 0)
    return series.map { line in
      let width = 50 + 7.5 * Double(line.name.count)
      if x > first, x + width > Self.right { (x, row) = (first, row + 1) }
      defer { x += width }
      return (x, row)
    }
  }

  private func drawLegend(_ chart: inout Chart) {
    for (line, place) in zip(series, legendPlaces) {
      let y = 12 + Self.legendRowHeight * Double(place.row)
      chart.line(
        place.x, y, place.x + 24, y, "line s\(line.index)\(line.isDashed ? " dash" : "")")
      chart.label(line.name.shortened(to: 64), place.x + 30, y + 4)
    }
  }

  private func drawMark(_ chart: inout Chart, _ xs: Axis) {
    guard let mark else { return }
    let x = xs.position(mark.x)
    chart.line(x, top, x, bottom, "line s2 dash")
    let isRight = x > 420
    chart.label(mark.text, isRight ? x - 8 : x + 8, top + 16, isRight ? .end : .start)
  }
}
