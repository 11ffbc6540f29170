// One value of a row, as each row format writes it.

import StrictJSON

/// A number, or words.
enum Cell: Sendable {
  case text(String)
  case number(Double?)
  case integer(Int?)

  var json: JSONValue {
    switch self {
    case .text(let text): .string(text)
    case .number(let number): .numberOrNull(number)
    case .integer(let number): .intOrNull(number)
    }
  }

  var csv: String {
    switch self {
    case .text(let text):
      // A spreadsheet runs what begins with one of these.
      let isFormula = text.first.map { "=+-@\t\r".contains($0) } ?? false
      let quoted = text.replacing("\"", with: "\"\"")
      return "\"\(isFormula ? "'" : "")\(quoted)\""
    case .number(let number): return number.map { "\($0)" } ?? ""
    case .integer(let number): return number.map(String.init) ?? ""
    }
  }

  var sql: String {
    switch self {
    case .text(let text): "'" + text.replacing("'", with: "''") + "'"
    case .number(let number): number.map { "\($0)" } ?? "NULL"
    case .integer(let number): number.map(String.init) ?? "NULL"
    }
  }

  var sqlType: String { if case .text = self { "TEXT" } else { "REAL" } }

  /// For Markdown.
  var short: String {
    switch self {
    case .text(let text): text.safeForTerminal.replacing("|", with: "\\|")
    case .number(let number): number.map(Number.short) ?? "-"
    case .integer(let number): number.map(String.init) ?? "-"
    }
  }
}
