// Keeps runs in the history; that failing is a warning, never a lost measurement.

import ArgumentParser
import History
import Reports
import StrictJSON

enum Keeping {
  static let help: ArgumentHelp = "Do not keep this run in the history."

  /// Adds a finished, interrupted or imported run, with the bytes `-o json` would have written.
  static func keep(_ result: @autoclosure () throws -> StoredResult, unless noHistory: Bool) {
    guard !noHistory else { return }
    do {
      let result = try result()
      let store = try HistoryStore(path: try HistoryPlace.path())
      try store.keep(try NewHistoryRun(result))
    } catch {
      Output.error("moebench: warning: not kept in the history: \(error)\n")
    }
  }
}

extension NewHistoryRun {
  init(_ result: StoredResult) throws(JSONError) {
    let rates = result.tests.map { test in
      "\(test.label) \(test.summary.map { Number.short($0.median) } ?? "-")"
    }
    self.init(
      startedAt: result.startedAt, model: result.model.name, source: result.model.source,
      engine: result.engine.name, machine: result.machine.cpu, status: result.status.rawValue,
      summary: rates.joined(separator: ", "), document: try result.document.utf8(pretty: true))
  }
}
