// Every run, in one SQLite file that several processes may write at once and any of them may be killed.

import Foundation
import GRDB

/// The store of past runs.
///
/// Write-ahead logging with full synchronisation: a run is in the store or it is not, whenever the
/// process or the machine stops. Each row carries a checksum of its document, so that a damaged row is
/// told from the sound ones around it. Nothing here deletes or rewrites a run.
public final class HistoryStore: Sendable {
  static let schema = 1
  /// How long a writer waits for another one.
  static let patience = 10.0

  public let path: String
  let queue: DatabaseQueue

  /// Opens the store, and makes it where there is none.
  ///
  /// - Throws: `HistoryError`; a file that is no store is left as it is.
  public init(path: String) throws(HistoryError) {
    self.path = path
    try HistoryPlace.makeFolder(for: path)
    queue = try Self.patiently(path) { try Self.open(path) }
  }

  private static func open(_ path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.busyMode = .timeout(patience)
    configuration.journalMode = .wal
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try queue.writeWithoutTransaction { try prepare($0, path) }
    return queue
  }

  private static func prepare(_ database: Database, _ path: String) throws {
    let found = try version(database)
    guard found <= schema else {
      throw HistoryError(path, .newerSchema(found: found, known: schema))
    }
    guard found < schema else { return }
    // Another process may be making it at this moment: looked at again inside the transaction.
    try database.inTransaction(.immediate) {
      guard try version(database) == 0 else { return .commit }
      try database.execute(sql: tables)
      return .commit
    }
  }

  private static func version(_ database: Database) throws -> Int {
    try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
  }

  private static let tables = """
    CREATE TABLE run (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      kept_at TEXT NOT NULL,
      started_at TEXT NOT NULL,
      model TEXT NOT NULL,
      source TEXT NOT NULL,
      engine TEXT NOT NULL,
      machine TEXT,
      status TEXT NOT NULL,
      summary TEXT NOT NULL,
      checksum INTEGER NOT NULL,
      document BLOB NOT NULL
    );
    PRAGMA user_version = \(schema);
    """

  /// Runs SQL and words its errors; waits where two processes turn a new file into a store at once, which SQLite's own
  /// patience does not cover.
  static func patiently<Value>(_ path: String, _ work: () throws -> Value) throws(HistoryError)
    -> Value
  {
    let deadline = Date(timeIntervalSinceNow: patience)
    while true {
      do {
        return try work()
      } catch let error as HistoryError {
        throw error
      } catch let error as DatabaseError {
        if error.resultCode == .SQLITE_BUSY, deadline.timeIntervalSinceNow > 0 {
          usleep(20_000)
          continue
        }
        throw HistoryError(path, rule(for: error))
      } catch {
        throw HistoryError(path, .unusable("\(error)"))
      }
    }
  }

  private static func rule(for error: DatabaseError) -> HistoryError.Rule {
    let words = error.message ?? error.resultCode.description
    switch error.resultCode {
    case .SQLITE_NOTADB, .SQLITE_CORRUPT: return .damaged(words)
    default: return .unusable(words)
    }
  }
}
