// The store under what happens to stores: writers at once, damage, files that are none, newer versions.

import Foundation
import History
import TestSupport
import Testing

@Suite struct StoreTests: ~Copyable {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private var path: String { folder.path(of: "deep/history.sqlite") }

  private func run(_ name: String, bytes: [UInt8] = Array(#"{"a": 1}"#.utf8)) -> NewHistoryRun {
    NewHistoryRun(
      startedAt: "2026-11-21T00:00:00Z", model: name, source: "synthetic", engine: "builtin",
      machine: nil, status: "complete", summary: "tg8 3.0", document: bytes)
  }

  /// Ends an sqlite3-like change made behind the store's back.
  private func overwrite(_ needle: String, _ replacement: String) throws {
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    let range = try #require(data.range(of: Data(needle.utf8)))
    data.replaceSubrange(range, with: Data(replacement.utf8))
    try data.write(to: URL(fileURLWithPath: path))
  }

  @Test("documents come back byte for byte, the newest first, by number and by name")
  func roundTrip() throws {
    let store = try HistoryStore(path: path)
    let bytes = Array("{\"é\\u0000\": 1.0e0}\n".utf8)
    let first = try store.keep(run("a", bytes: bytes))
    let second = try store.keep(run("b"))
    let (entries, damaged) = try store.list(limit: 10)
    #expect(entries.map(\.model) == ["b", "a"])
    #expect(damaged.isEmpty)
    #expect(try store.document(first) == bytes)
    #expect(try store.number(named: "last") == second)
    #expect(try store.number(named: "last~1") == first)
    #expect(try store.integrityFaults() == [])
    #expect(throws: HistoryError(path, .noSuchRun(99))) { try store.document(99) }
    let few = #expect(throws: HistoryError.self) { try store.number(named: "last~5") }
    #expect(few?.rule == .tooFewRuns(2, asked: "last~5"))
    #expect(few?.description.hasSuffix("holds no last~5: it has 2 runs") == true)
    #expect(throws: HistoryError(path, .notAnIdentifier("-1"))) { try store.number(named: "-1") }
  }

  @Test("stores opened and written by many at once lose nothing")
  func concurrent() async throws {
    let path = path
    let runs = (0..<10).map { run("m\($0)") }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for new in runs {
        group.addTask { try HistoryStore(path: path).keep(new) }
      }
      try await group.waitForAll()
    }
    let store = try HistoryStore(path: path)
    #expect(Set(try store.list(limit: 100).entries.map(\.model)) == Set(runs.map(\.model)))
    #expect(try store.integrityFaults() == [])
  }

  @Test("a damaged document is named and hides no other run")
  func damagedRow() throws {
    do {
      let store = try HistoryStore(path: path)
      try store.keep(run("sound"))
      try store.keep(run("hurt", bytes: Array("DOCUMENT TO BE HURT".utf8)))
      try store.keep(run("sound too"))
    }
    try overwrite("DOCUMENT TO BE HURT", "DOCUMENT TO BE HURX")
    let store = try HistoryStore(path: path)
    let (entries, damaged) = try store.list(limit: 10)
    #expect(entries.map(\.model) == ["sound too", "sound"])
    #expect(damaged == [HistoryError(path, .damagedRun(2, "its checksum does not match"))])
    #expect(throws: HistoryError.self) { try store.document(2) }
  }

  @Test("a file that is no store is refused and left as it is")
  func noStore() throws {
    try FileManager.default.createDirectory(
      at: folder.url.appendingPathComponent("deep"), withIntermediateDirectories: true)
    let text = Data(String(repeating: "not a database ", count: 500).utf8)
    try text.write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: HistoryError.self) { try HistoryStore(path: path) }
    guard case .damaged = error?.rule else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == text)
  }

  @Test("a store of a newer schema is refused and loses nothing")
  func newer() throws {
    do { try HistoryStore(path: path).keep(run("a")) }
    // The user version is the big-endian word at offset 60 of the header.
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    data[63] = 9
    try data.write(to: URL(fileURLWithPath: path))
    #expect(throws: HistoryError(path, .newerSchema(found: 9, known: 1))) {
      try HistoryStore(path: path)
    }
    data = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(data[63] == 9)
    data[63] = 1
    try data.write(to: URL(fileURLWithPath: path))
    #expect(try HistoryStore(path: path).list(limit: 9).entries.map(\.model) == ["a"])
  }

  @Test("the place follows the variable, then XDG, then HOME, and is nowhere without")
  func place() throws {
    #expect(try HistoryPlace.path(["MOEBENCH_HISTORY": "/x", "HOME": "/h"]) == "/x")
    #expect(
      try HistoryPlace.path(["XDG_DATA_HOME": "/d", "HOME": "/h"]) == "/d/moebench/history.sqlite")
    #expect(
      try HistoryPlace.path(["XDG_DATA_HOME": "relative", "HOME": "/h"])
        == "/h/.local/share/moebench/history.sqlite")
    #expect(throws: HistoryError.self) { try HistoryPlace.path([:]) }
  }
}
