// Lists of whole numbers as llama-bench writes them: `1,2,4`, `1-8+1`, `1-16*2`.

/// Why a list is refused; names the flag, the offending part and the rule.
public struct ListError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What the part breaks.
  public enum Rule: Equatable, Sendable {
    case empty
    case notANumber
    case outOfBounds(ClosedRange<Int>)
    case descending
    case stepDoesNotAdvance
    case tooManyValues(limit: Int)
  }

  public let flag: String
  public let part: String
  public let rule: Rule

  public var description: String {
    let shown = part.count > 40 ? part.prefix(40) + "…" : part[...]
    let prefix = "\(flag) \"\(shown)\":"
    return switch rule {
    case .empty: "\(prefix) empty; expected numbers such as 1,2,4 or 1-8+1 or 1-16*2"
    case .notANumber: "\(prefix) not a whole number or a range first-last, +step or *factor"
    case .outOfBounds(let bounds):
      "\(prefix) must be between \(bounds.lowerBound) and \(bounds.upperBound)"
    case .descending: "\(prefix) the last value is below the first"
    case .stepDoesNotAdvance: "\(prefix) the step never reaches the last value"
    case .tooManyValues(let limit): "\(prefix) more than \(limit) values"
    }
  }
}

/// The grammar of `-p -n -d -b -t`: items split by commas, each a number, `first-last`,
/// `first-last+step` or `first-last*factor`. Repeated values count once, first place kept.
public enum ListGrammar {
  /// More values than this in one list are a typing error, not a plan.
  public static let limit = 1000

  /// - Parameters:
  ///   - text: What the user wrote.
  ///   - flag: Name of the option, for the error.
  ///   - bounds: Smallest and largest value allowed.
  /// - Throws: `ListError` with the part and the rule it breaks.
  public static func parse(
    _ text: String, flag: String, bounds: ClosedRange<Int>
  ) throws(ListError) -> [Int] {
    var values: [Int] = []
    var seen: Set<Int> = []
    for part in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let item = Item(part: String(part) ?? "", flag: flag, bounds: bounds)
      for value in try item.values() where seen.insert(value).inserted {
        values.append(value)
      }
      guard values.count <= limit else {
        throw ListError(flag: flag, part: text, rule: .tooManyValues(limit: limit))
      }
    }
    return values
  }
}

/// One item between commas.
private struct Item {
  let part: String
  let flag: String
  let bounds: ClosedRange<Int>

  func values() throws(ListError) -> [Int] {
    guard !part.isEmpty else { throw error(.empty) }
    guard let dash = part.firstIndex(of: "-"), dash != part.startIndex else {
      return [try number(part[...])]
    }
    let first = try number(part[..<dash])
    let rest = part[part.index(after: dash)...]
    guard let sign = rest.firstIndex(where: { $0 == "+" || $0 == "*" }) else {
      return try range(first, try number(rest), step: 1, multiply: false)
    }
    let last = try number(rest[..<sign])
    guard let step = digits(rest[rest.index(after: sign)...]) else { throw error(.notANumber) }
    return try range(first, last, step: step, multiply: rest[sign] == "*")
  }

  private func range(
    _ first: Int, _ last: Int, step: Int, multiply: Bool
  ) throws(ListError) -> [Int] {
    guard last >= first else { throw error(.descending) }
    guard multiply ? (step > 1 && first > 0) : step > 0 else { throw error(.stepDoesNotAdvance) }
    var values: [Int] = []
    var value = first
    while value <= last {
      values.append(value)
      guard values.count <= ListGrammar.limit else {
        throw error(.tooManyValues(limit: ListGrammar.limit))
      }
      let (next, overflow) =
        multiply
        ? value.multipliedReportingOverflow(by: step) : value.addingReportingOverflow(step)
      if overflow { break }
      value = next
    }
    return values
  }

  private func number(_ text: Substring) throws(ListError) -> Int {
    guard let value = digits(text) else { throw error(.notANumber) }
    guard bounds.contains(value) else { throw error(.outOfBounds(bounds)) }
    return value
  }

  /// ASCII digits only: `Int("+5")` and `Int("-5")` are numbers to Swift but not to the grammar.
  private func digits(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text) ?? Int.max
  }

  private func error(_ rule: ListError.Rule) -> ListError {
    ListError(flag: flag, part: part, rule: rule)
  }
}
