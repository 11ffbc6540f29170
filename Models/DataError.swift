// What can be wrong with a data file, and its wording: file, JSON path, rule.

import StrictJSON

/// A fault in a table of models, prices, machines or workloads.
public struct DataError: Error, Hashable, Sendable {
  /// Which rule the value breaks, and by what.
  public enum Rule: Hashable, Sendable {
    case notJSON(String)
    case missing
    case wrongKind(found: String, wanted: String)
    case notFinite(String)
    case negative(String)
    case notADecimal(String)
    case outOfRange(String, rule: String)
    case notADay(String)
    case empty
    case unknownSchema(String, wanted: [String])
    case duplicate(String)
    case fallsBefore(String, String)
    case unrecognised
    case nothingPriced
  }

  public let file: String
  /// The place inside the file: `rows[3].usd_per_million_input`; empty for the whole document.
  public let path: String
  public let rule: Rule

  public init(file: String, path: String, rule: Rule) {
    self.file = file
    self.path = path
    self.rule = rule
  }
}

extension DataError: CustomStringConvertible {
  public var description: String {
    let place = path.isEmpty ? "" : " \(path.escapedForMessage(limit: 120)):"
    return "\(file.escapedForMessage(limit: 120)):\(place) \(rule)"
  }
}

extension DataError.Rule: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notJSON(let reason): reason
    case .missing: "is missing"
    case .wrongKind(let found, let wanted): "is \(found), must be \(wanted)"
    case .notFinite(let text): "\(text) is not a finite number"
    case .negative(let text): "\(text) must not be negative"
    case .notADecimal(let text): "\(text.quotedForMessage(limit: 40)) is not a decimal number"
    case .outOfRange(let text, let rule): "\(text) \(rule)"
    case .notADay(let text): "\(text.quotedForMessage(limit: 40)) is not a day such as 2026-11-21"
    case .empty: "must not be empty"
    case .unknownSchema(let found, let wanted):
      "schema \(found.quotedForMessage(limit: 40)) is unknown, wanted \(wanted.joined(separator: " or "))"
    case .duplicate(let name): "\(name.quotedForMessage(limit: 60)) occurs twice"
    case .fallsBefore(let later, let earlier): "\(later) falls before \(earlier)"
    case .unrecognised:
      "is neither a moebench price table, nor LiteLLM's price map, nor OpenRouter's model list"
    case .nothingPriced: "holds no usable price"
    }
  }
}
