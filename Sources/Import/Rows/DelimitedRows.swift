// Tables as text: CSV (RFC 4180), llama-bench's Markdown and its SQL, as rows of members.

import Models
import StrictJSON

/// A cell as JSON: a number where it is written as one.
func cell(_ text: String) -> JSONValue {
  let plain = text.hasPrefix("'") ? String(text.dropFirst()) : text
  if let value = try? JSONValue(parsing: plain), value.number != nil { return value }
  return .string(plain)
}

struct DelimitedRows {
  let file: String

  /// Rows of a CSV file with a header. A row of another length is refused.
  func csv(_ text: String) throws(DataError) -> [Node] {
    let records = try Self.records(text, file)
    guard let header = records.first else { return [] }
    var rows: [Node] = []
    for (index, record) in records.enumerated().dropFirst() {
      rows.append(try row(header, record.map(cell), "row \(index)"))
    }
    return rows
  }

  func row(_ names: [String], _ cells: [JSONValue], _ place: String) throws(DataError) -> Node {
    guard names.count == cells.count else {
      throw DataError(
        file: file, path: place,
        rule: .outOfRange("\(cells.count) cells", rule: "where the header has \(names.count)"))
    }
    var object = JSONObject()
    for (name, value) in zip(names, cells) {
      guard object.append(name, value) else {
        throw DataError(file: file, path: place, rule: .duplicate(name))
      }
    }
    return Node(file: file, path: place, value: .object(object))
  }

  private static func records(_ text: String, _ file: String) throws(DataError) -> [[String]] {
    var records: [[String]] = []
    var record: [String] = []
    var field = ""
    var isQuoted = false
    var wasQuoted = false
    // By scalars: to a Character, "\r\n" is one.
    var scalars = text.unicodeScalars.makeIterator()
    var pending: Unicode.Scalar?
    func isBlank() -> Bool { record.isEmpty && field.isEmpty && !wasQuoted }
    while let scalar = pending ?? scalars.next() {
      pending = nil
      switch (scalar, isQuoted) {
      case ("\"", true):
        pending = scalars.next()
        if pending == "\"" {
          field.unicodeScalars.append("\"")
          pending = nil
        } else {
          isQuoted = false
        }
      case (_, true): field.unicodeScalars.append(scalar)
      case ("\"", false) where field.isEmpty: (isQuoted, wasQuoted) = (true, true)
      case (",", false):
        record.append(field)
        (field, wasQuoted) = ("", false)
      case ("\n", false):
        if !isBlank() { records.append(record + [field]) }
        (record, field, wasQuoted) = ([], "", false)
      case ("\r", false): break
      default: field.unicodeScalars.append(scalar)
      }
    }
    guard !isQuoted else {
      throw DataError(
        file: file, path: "row \(records.count)",
        rule: .outOfRange("a quoted cell", rule: "is not closed"))
    }
    if !isBlank() { records.append(record + [field]) }
    return records
  }
}

extension DelimitedRows {
  /// `INSERT INTO test (names) VALUES ('…', …);`, one a line.
  func sql(_ text: String) throws(DataError) -> [Node] {
    var rows: [Node] = []
    for (index, line) in text.split(whereSeparator: \.isNewline).enumerated()
    where line.uppercased().hasPrefix("INSERT INTO") {
      let lists = Self.lists(line)
      guard lists.count == 2 else {
        throw DataError(
          file: file, path: "line \(index + 1)",
          rule: .outOfRange("an INSERT", rule: "must have names and values"))
      }
      rows.append(try self.row(lists[0], lists[1].map(cell), "line \(index + 1)"))
    }
    return rows
  }

  /// Lists in brackets; a quote doubled inside quotes is one.
  private static func lists(_ line: Substring) -> [[String]] {
    var lists: [[String]] = []
    var item = ""
    var isInside = false
    var isQuoted = false
    for character in line {
      switch (character, isInside, isQuoted) {
      case ("'", true, _):
        isQuoted.toggle()
        if isQuoted, !item.isEmpty { item.append("'") }
      case (_, true, true): item.append(character)
      case ("(", false, _):
        lists.append([])
        isInside = true
      case (",", true, false), (")", true, false):
        lists[lists.count - 1].append(item)
        item = ""
        isInside = character == ","
      case (" ", true, false): break
      case (_, true, false): item.append(character)
      default: break
      }
    }
    return lists
  }

  /// A Markdown table with a header and a line of dashes.
  func markdown(_ text: String) throws(DataError) -> [Node] {
    var header: [String]?
    var rows: [Node] = []
    for (index, line) in text.split(whereSeparator: \.isNewline).enumerated()
    where line.hasPrefix("|") {
      var cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst()
        .map { $0.split(separator: " ").joined(separator: " ") }
      if cells.last?.isEmpty == true { cells.removeLast() }
      if cells.allSatisfy({ $0.allSatisfy { "-: ".contains($0) } }) { continue }
      guard let names = header else {
        header = cells
        continue
      }
      rows.append(try row(names, cells.map { .string($0) }, "line \(index + 1)"))
    }
    return rows
  }
}
