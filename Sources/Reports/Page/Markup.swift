// HTML and SVG as a value: text is escaped on the way in, so that no text from outside becomes markup.

/// A piece of a page. Only this file joins strings into markup.
struct Markup: Sendable {
  private(set) var html: String

  private init(raw: String) { html = raw }

  static let empty = Markup(raw: "")

  /// Text, escaped; control characters and marks that turn the writing direction are shown as U+FFFD.
  static func text(_ text: String) -> Markup { Markup(raw: escaped(text)) }

  /// An element; the tag and the names of its attributes are ours, their values are escaped.
  static func tag(
    _ name: String, _ attributes: [(String, String)] = [], _ children: [Markup] = []
  ) -> Markup {
    var html = "<\(name)"
    for (key, value) in attributes { html += " \(key)=\"\(escaped(value))\"" }
    html += ">"
    for child in children { html += child.html }
    return Markup(raw: html + "</\(name)>")
  }

  /// An element of text alone.
  static func tag(
    _ name: String, _ attributes: [(String, String)] = [], text: String
  ) -> Markup {
    tag(name, attributes, [.text(text)])
  }

  /// An element without an end tag.
  static func void(_ name: String, _ attributes: [(String, String)]) -> Markup {
    var html = "<\(name)"
    for (key, value) in attributes { html += " \(key)=\"\(escaped(value))\"" }
    return Markup(raw: html + ">")
  }

  /// A whole document around a head and a body.
  static func document(head: [Markup], body: [Markup]) -> String {
    "<!DOCTYPE html>\n"
      + tag("html", [("lang", "en")], [tag("head", [], head), tag("body", [], body)]).html + "\n"
  }

  /// A style sheet of ours: the one text that must not be escaped.
  static func style(_ sheet: StaticString) -> Markup { Markup(raw: "<style>\(sheet)</style>") }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default:
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069, 0xFFFE, 0xFFFF:
          result += "\u{FFFD}"
        default: result.unicodeScalars.append(scalar)
        }
      }
    }
    return result
  }
}

extension Markup {
  /// A table with a caption, its first column a heading; numbers stand to the right.
  static func table(caption: String, head: [String], rows: [[String]], numeric: Set<Int> = [])
    -> Markup
  {
    func attributes(_ column: Int) -> [(String, String)] {
      numeric.contains(column) ? [("class", "n")] : []
    }
    let header = head.enumerated().map {
      tag("th", attributes($0.offset) + [("scope", "col")], text: $0.element)
    }
    let body = rows.map { row in
      tag(
        "tr", [],
        row.enumerated().map { column, cell in
          column == 0
            ? tag("th", [("scope", "row")], text: cell) : tag("td", attributes(column), text: cell)
        })
    }
    return tag(
      "div", [("class", "scroll")],
      [
        tag(
          "table", [],
          [
            tag("caption", text: caption), tag("thead", [], [tag("tr", [], header)]),
            tag("tbody", [], body),
          ])
      ])
  }

  static func section(_ title: String, _ children: [Markup]) -> Markup {
    tag("section", [], [tag("h2", text: title)] + children)
  }

  static func paragraph(_ text: String) -> Markup { tag("p", text: text) }
}
