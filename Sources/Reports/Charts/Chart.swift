// The parts charts are drawn from: a titled SVG, lines, labels, bars, dots.

/// An SVG of fixed proportions with a title and a description for those who do not see it.
struct Chart {
  let width: Double
  let height: Double
  private var parts: [Markup] = []

  init(width: Double = 760, height: Double) {
    self.width = width
    self.height = height
  }

  mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String
  ) {
    parts.append(
      .tag(
        "line",
        [
          ("x1", x1.svg), ("y1", y1.svg), ("x2", x2.svg), ("y2", y2.svg), ("class", style),
        ]))
  }

  mutating func dot(_ x: Double, _ y: Double, _ style: String) {
    parts.append(
      .tag("circle", [("cx", x.svg), ("cy", y.svg), ("r", "5"), ("class", style)]))
  }

  mutating func bar(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String) {
    parts.append(
      .tag(
        "rect",
        [
          ("x", x.svg), ("y", y.svg), ("width", max(0, width).svg), ("height", height.svg),
          ("rx", "2"), ("class", style),
        ]))
  }

  mutating func path(_ points: [(x: Double, y: Double)], _ style: String, closed: Bool = false) {
    guard points.count > 1 else { return }
    let list = points.map { "\($0.x.svg),\($0.y.svg)" }.joined(separator: " ")
    parts.append(
      closed
        ? .tag("polygon", [("points", list), ("class", style)])
        : .tag("polyline", [("points", list), ("class", style)]))
  }

  enum Anchor: String { case start, middle, end }

  mutating func label(
    _ text: String, _ x: Double, _ y: Double, _ anchor: Anchor = .start, soft: Bool = false
  ) {
    parts.append(
      .tag(
        "text",
        [("x", x.svg), ("y", y.svg), ("text-anchor", anchor.rawValue)]
          + (soft ? [("class", "soft")] : []), text: text))
  }

  /// A figure: the drawing with its words, and a caption.
  func figure(title: String, description: String, caption: String? = nil) -> Markup {
    let svg = Markup.tag(
      "svg",
      [
        ("viewBox", "0 0 \(width.svg) \(height.svg)"), ("role", "img"),
        ("aria-label", "\(title). \(description)"),
      ], [.tag("title", text: title), .tag("desc", text: description)] + parts)
    return .tag("figure", [], [svg, .tag("figcaption", text: caption ?? title)])
  }
}

extension Double {
  /// A coordinate with one decimal.
  var svg: String { Number.fixed(isFinite ? self : 0, 1) }
}
