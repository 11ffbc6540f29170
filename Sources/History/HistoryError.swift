// What can go wrong with the store of past runs, and its wording.

import StrictJSON

/// A store that cannot be used, or a run it does not have.
public struct HistoryError: Error, Sendable, Equatable {
  /// What was found, with its figures.
  public enum Rule: Sendable, Equatable {
    case noFolder(String)
    /// SQLite's own words.
    case unusable(String)
    /// No SQLite file, or a damaged one.
    case damaged(String)
    case newerSchema(found: Int, known: Int)
    case noSuchRun(Int64)
    case empty
    case tooFewRuns(Int, asked: String)
    case notAnIdentifier(String)
    /// The stored bytes are not those that were stored.
    case damagedRun(Int64, String)
  }

  /// The store's file, or the variable that should name it.
  public let place: String
  public let rule: Rule

  public init(_ place: String, _ rule: Rule) {
    self.place = place
    self.rule = rule
  }
}

extension HistoryError: CustomStringConvertible {
  public var description: String { "\(place.escapedForMessage(limit: 140)): \(rule)" }
}

extension HistoryError.Rule: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noFolder(let reason): "no folder for the history: \(reason)"
    case .unusable(let reason): "the history cannot be used: \(reason.escapedForMessage())"
    case .damaged(let reason):
      "the history is damaged and was left as it is: \(reason.escapedForMessage())"
    case .newerSchema(let found, let known):
      "the history was written by a newer moebench (schema \(found), this one knows \(known))"
    case .noSuchRun(let number): "holds no run \(number); moebench history list shows what it holds"
    case .empty: "holds no run yet"
    case .tooFewRuns(let count, let asked):
      "holds no \(asked.escapedForMessage(limit: 20)): it has \(count) run\(count == 1 ? "" : "s")"
    case .notAnIdentifier(let text):
      "\(text.quotedForMessage(limit: 40)) must be a run's number, or last"
    case .damagedRun(let number, let reason):
      "run \(number) is damaged and was left as it is: \(reason.escapedForMessage())"
    }
  }
}
