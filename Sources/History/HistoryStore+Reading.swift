// Listing runs and giving their documents back; a damaged row hides no other.

import GRDB

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension HistoryStore {
  /// The latest runs, newest first, and the rows that could not be read.
  public func list(limit: Int) throws(HistoryError) -> (
    entries: [HistoryEntry], damaged: [HistoryError]
  ) {
    var entries: [HistoryEntry] = []
    var damaged: [HistoryError] = []
    for number in try numbers(limit: limit) {
      do throws(HistoryError) {
        entries.append(try run(number).entry)
      } catch {
        damaged.append(error)
      }
    }
    return (entries, damaged)
  }

  /// The bytes that were kept.
  ///
  /// - Throws: `noSuchRun`, or `damagedRun` where they are not the same any more.
  public func document(_ number: Int64) throws(HistoryError) -> [UInt8] {
    try run(number).document
  }

  /// The run a word means: a number, `last`, or `last~2` for the second before it.
  public func number(named word: String) throws(HistoryError) -> Int64 {
    if let number = Int64(word), number > 0 { return number }
    var back = 0
    if word.hasPrefix("last~"), let steps = Int(word.dropFirst(5)), (0...1_000_000).contains(steps)
    {
      back = steps
    } else if word != "last" {
      throw HistoryError(path, .notAnIdentifier(word))
    }
    let latest = try numbers(limit: back + 1)
    guard !latest.isEmpty else { throw HistoryError(path, .empty) }
    guard latest.count > back else {
      throw HistoryError(path, .tooFewRuns(latest.count, asked: word))
    }
    return latest[back]
  }

  private func numbers(limit: Int) throws(HistoryError) -> [Int64] {
    try Self.patiently(path) {
      try queue.read {
        try Int64.fetchAll(
          $0, sql: "SELECT number FROM run ORDER BY number DESC LIMIT ?", arguments: [limit])
      }
    }
  }

  private func run(_ number: Int64) throws(HistoryError) -> (
    entry: HistoryEntry, document: [UInt8]
  ) {
    let row: Row?
    do throws(HistoryError) {
      row = try Self.patiently(path) {
        try queue.read {
          try Row.fetchOne($0, sql: "SELECT * FROM run WHERE number = ?", arguments: [number])
        }
      }
    } catch {
      guard case .damaged(let reason) = error.rule else { throw error }
      throw HistoryError(path, .damagedRun(number, reason))
    }
    guard let row else { throw HistoryError(path, .noSuchRun(number)) }
    return try sound(row, number)
  }

  private func sound(_ row: Row, _ number: Int64) throws(HistoryError) -> (
    entry: HistoryEntry, document: [UInt8]
  ) {
    func text(_ column: String) throws(HistoryError) -> String {
      guard let text = String.fromDatabaseValue(row[column] as DatabaseValue) else {
        throw HistoryError(path, .damagedRun(number, "\(column) is no text"))
      }
      return text
    }
    guard let data = Data.fromDatabaseValue(row["document"] as DatabaseValue),
      let checksum = Int64.fromDatabaseValue(row["checksum"] as DatabaseValue),
      Checksum.of([UInt8](data)) == checksum
    else {
      throw HistoryError(path, .damagedRun(number, "its checksum does not match"))
    }
    let entry = HistoryEntry(
      number: number, startedAt: try text("started_at"), model: try text("model"),
      source: try text("source"), engine: try text("engine"),
      machine: String.fromDatabaseValue(row["machine"] as DatabaseValue),
      status: try text("status"), summary: try text("summary"), bytes: data.count)
    return (entry, [UInt8](data))
  }
}
