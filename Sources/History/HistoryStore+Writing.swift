// Keeping a run, and checking the whole file.

import GRDB

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

/// FNV-1a, 64 bits: finds damage, not malice.
enum Checksum {
  static func of(_ bytes: some Sequence<UInt8>) -> Int64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return Int64(bitPattern: hash)
  }
}
