// Price rows as a table and a document, and what an import found.

import Models
import StrictJSON

/// Rows to show on a day.
public struct PriceList: Sendable {
  public let rows: [PriceRow]
  public let day: Day

  public init(rows: [PriceRow], day: Day) {
    self.rows = rows
    self.day = day
  }

  public var json: JSONValue {
    object([
      ("schema", .string(PriceTable.schema)), ("day", .string(day.description)),
      ("rows", .array(rows.map(\.json))),
    ])
  }

  /// At most 80 columns.
  public func text(_ style: Style = .plain) -> String {
    Self.text(rows, title: "$ per million tokens, \(day)", style)
  }

  /// Rows, each with the day it was seen, under a title.
  static func text(_ rows: [PriceRow], title: String, _ style: Style) -> String {
    var table = TextTable([.left, .right, .right, .right, .left])
    table.add([title, "input", "cached", "output", "as of"])
    for row in rows {
      table.add([
        (row.kind == .list ? "" : "\(row.kind.rawValue): ") + CostText.name(of: row, width: 44),
        row.usdPerMillionInput.map { Number.short($0) } ?? "-",
        row.usdPerMillionCachedInput.map { Number.short($0) } ?? "-",
        row.usdPerMillionOutput.map { Number.short($0) } ?? "-",
        row.asOf.safeForTerminal.shortened(to: 10),
      ])
    }
    return table.headed(style).joined(separator: "\n") + "\n"
  }

  /// What a check of a file found on a day, line by line.
  public static func account(
    of read: PriceImport, conflicts: [PriceConflict], on today: Day
  ) -> String {
    var lines = [
      "\(read.table.origin.safeForTerminal): \(read.format.rawValue), \(read.table.rows.count) prices, \(read.skipped.count) entries skipped"
    ]
    for skipped in read.skipped {
      lines.append("  skipped \(skipped.path): \(skipped.reason)".safeForTerminal)
    }
    for row in read.table.rows {
      // It would win over every price that was really seen.
      let future =
        (row.dayOfSight.map { $0 > today } ?? false) ? ["seen on \(row.asOf), a day to come"] : []
      lines += (row.doubts + future).map { "  doubtful \(row.id): \($0)".safeForTerminal }
    }
    lines += conflicts.map { "  differs: " + line($0) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Two tables that disagree, in one line.
  public static func line(_ conflict: PriceConflict) -> String {
    func price(_ row: PriceRow) -> String {
      "\(row.usdPerMillionInput.map { Number.short($0) } ?? "-")/\(row.usdPerMillionOutput.map { Number.short($0) } ?? "-")"
    }
    return
      "\(conflict.used.model) at \(conflict.used.provider): \(price(conflict.used)) (\(conflict.usedOrigin), used) and \(price(conflict.other)) (\(conflict.otherOrigin))"
      .safeForTerminal
  }
}
