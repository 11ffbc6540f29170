// Aligned columns for a terminal.

/// A table of words; columns are as wide as their widest cell.
public struct TextTable: Sendable {
  /// At which side of its column a cell stands.
  public enum Alignment: Sendable { case left, right }

  private let alignments: [Alignment]
  private var rows: [[String]] = []

  public init(_ alignments: [Alignment]) { self.alignments = alignments }

  public mutating func add(_ cells: [String]) { rows.append(cells) }

  /// Lines without trailing spaces.
  public func lines(gap: Int = 2) -> [String] {
    let widths = alignments.indices.map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() where column < alignments.count {
        if column > 0 { line += String(repeating: " ", count: gap) }
        let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
        line += alignments[column] == .left ? cell + padding : padding + cell
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}

extension String {
  /// The text as a terminal may show it: no control characters, nothing that turns the writing direction around.
  public var safeForTerminal: String {
    String(
      String.UnicodeScalarView(
        unicodeScalars.map { scalar in
          switch scalar.value {
          case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069: "\u{FFFD}"
          default: scalar
          }
        }))
  }
}
