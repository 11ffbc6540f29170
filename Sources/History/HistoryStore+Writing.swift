// Keeping a run, and checking the whole file.

import GRDB
import StrictJSON

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension HistoryStore {
  /// Adds a run; it is on the disk when this returns.
  ///
  /// - Returns: Its number.
  @discardableResult
  public func keep(_ run: NewHistoryRun) throws(HistoryError) -> Int64 {
    try Self.patiently(path) {
      try queue.write { database in
        try database.execute(
          sql: """
            INSERT INTO run (kept_at, started_at, model, source, engine, machine, status, summary,
              checksum, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
          arguments: [
            Date().formatted(.iso8601), run.startedAt, run.model, run.source, run.engine,
            run.machine, run.status, run.summary, Checksum.of(run.document), Data(run.document),
          ])
        return database.lastInsertedRowID
      }
    }
  }

  /// SQLite's own check of every page; empty where all is well.
  public func integrityFaults() throws(HistoryError) -> [String] {
    let lines = try Self.patiently(path) {
      try queue.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
    }
    return lines == ["ok"] ? [] : lines
  }
}

/// Of a document, as SQLite keeps whole numbers.
enum Checksum {
  static func of(_ bytes: [UInt8]) -> Int64 { Int64(bitPattern: Fingerprint.of(bytes)) }
}
