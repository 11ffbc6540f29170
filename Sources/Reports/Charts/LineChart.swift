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

  func figure(title: String, description: String, caption: String) -> Markup? {
    var chart = Chart(height: 340)
    let points = series.flatMap(\.points)
    let marks = mark.map { [$0.x] } ?? []
    guard
      let xs = Axis(
        points.map(\.x) + marks, logarithmic: logarithmicX, from: 70, to: 740),
      let ys = Axis(
        points.map(\.y) + series.flatMap { $0.low + $0.high }, logarithmic: logarithmicY,
        from: 285, to: 40)
    else { return nil }
    for tick in xs.ticks {
      chart.line(xs.position(tick), 40, xs.position(tick), 285, "grid")
      chart.label(Number.tick(tick), xs.position(tick), 303, .middle, soft: true)
    }
    for tick in ys.ticks {
      chart.line(70, ys.position(tick), 740, ys.position(tick), "grid")
      chart.label(Number.tick(tick), 62, ys.position(tick) + 4, .end, soft: true)
    }
    chart.label(yTitle, 8, 16, soft: true)
    chart.label(xTitle, 740, 327, .end, soft: true)
    draw(&chart, xs, ys)
    return chart.figure(title: title, description: description, caption: caption)
  }

  private func draw(_ chart: inout Chart, _ xs: Axis, _ ys: Axis) {
    var legend = 180.0
    for line in series {
      let style = "s\(line.index)"
      let place = line.points.map { (x: xs.position($0.x), y: ys.position($0.y)) }
      if line.low.count == place.count, line.high.count == place.count, !line.low.isEmpty {
        let upper = zip(place, line.high).map { (x: $0.x, y: ys.position($1)) }
        let lower = zip(place, line.low).map { (x: $0.x, y: ys.position($1)) }
        if place.count > 1 {
          chart.path(upper + lower.reversed(), "band " + style, closed: true)
        } else {
          for (top, bottom) in zip(upper, lower) {
            chart.line(top.x, top.y, bottom.x, bottom.y, "bar faint " + style)
          }
        }
      }
      chart.path(place, "line \(style)\(line.isDashed ? " dash" : "")")
      if place.count < 24 { for point in place { chart.dot(point.x, point.y, style) } }
      chart.line(legend, 12, legend + 24, 12, "line \(style)\(line.isDashed ? " dash" : "")")
      chart.label(line.name.shortened(to: 30), legend + 30, 16)
      legend += 50 + 7 * Double(min(line.name.count, 30))
    }
    if let mark {
      let x = xs.position(mark.x)
      chart.line(x, 40, x, 285, "line s2 dash")
      let isRight = x > 420
      chart.label(mark.text, isRight ? x - 8 : x + 8, 56, isRight ? .end : .start)
    }
  }
}
