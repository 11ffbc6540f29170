// Rows with the same columns, as CSV, JSON lines, Markdown or SQL.

import StrictJSON

/// A table for machines.
public struct Rows: Sendable {
  let table: String
  let rows: [[(name: String, cell: Cell)]]

  private var names: [String] { rows.first?.map(\.name) ?? [] }

  /// One JSON object a line.
  public var lines: String {
    get throws(JSONError) { try lines(adding: { _ in [] }) }
  }

  /// The same with members after each row's own, by its index.
  func lines(adding more: (Int) -> [(String, JSONValue)]) throws(JSONError) -> String {
    var text = ""
    for (index, row) in rows.enumerated() {
      text += try object(row.map { ($0.name, $0.cell.json) } + more(index)).text() + "\n"
    }
    return text
  }

  /// RFC 4180, with a header; cells a spreadsheet would run as formulas are defused.
  public var csv: String {
    guard !rows.isEmpty else { return "" }
    let lines = rows.map { $0.map(\.cell.csv).joined(separator: ",") }
    return ([names.map { "\"\($0)\"" }.joined(separator: ",")] + lines).joined(separator: "\n")
      + "\n"
  }

  public var markdown: String {
    guard !rows.isEmpty else { return "" }
    let header = "| " + names.joined(separator: " | ") + " |"
    let rule = "|" + String(repeating: " --- |", count: names.count)
    let lines = rows.map { "| " + $0.map(\.cell.short).joined(separator: " | ") + " |" }
    return ([header, rule] + lines).joined(separator: "\n") + "\n"
  }

  public var sql: String {
    guard let first = rows.first else { return "" }
    let columns = first.map { "  \($0.name) \($0.cell.sqlType)" }.joined(separator: ",\n")
    let inserts = rows.map { row in
      let values = row.map(\.cell.sql).joined(separator: ", ")
      return "INSERT INTO \(table) (\(names.joined(separator: ", "))) VALUES (\(values));\n"
    }
    return "CREATE TABLE IF NOT EXISTS \(table) (\n\(columns)\n);\n\n" + inserts.joined()
  }
}
