// What can be wrong with assumptions that come from outside; the sentences are made here.

/// An assumption or a figure that no cost can be computed from.
public enum CostError: Error, Hashable, Sendable {
  case notANumber(field: String)
  case outOfOrder(low: Double, best: Double, high: Double)
  case outOfRange(field: String, value: Double, rule: String)
  case emptyMix
  case notTraffic(String)
  case noThroughput(phase: String)
  case nothingToCompute
}

extension CostError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notANumber(let field):
      "\(field): not a finite number"
    case .outOfOrder(let low, let best, let high):
      "range \(low), \(best), \(high): must rise from low over best to high"
    case .outOfRange(let field, let value, let rule):
      "\(field) = \(value): \(rule)"
    case .notTraffic(let text):
      "traffic \"\(Self.plain(text))\": wanted a number with k, M, B or T and a period, such as 5M/day"
    case .emptyMix:
      "workload: needs input or output tokens"
    case .noThroughput(let phase):
      "\(phase) tokens per second: the workload needs them and they were not measured"
    case .nothingToCompute:
      "workload: every token is a cached one that costs nothing, so there is nothing to price"
    }
  }
}

extension CostError {
  /// Refuses a value outside `limits` by its name.
  public static func check(
    _ value: Double, in limits: ClosedRange<Double>, as name: String
  ) throws(CostError) {
    guard value.isFinite else { throw .notANumber(field: name) }
    guard limits.contains(value) else {
      throw .outOfRange(
        field: name, value: value,
        rule: "must be from \(plain(limits.lowerBound)) to \(plain(limits.upperBound))")
    }
  }

  private static func plain(_ limit: Double) -> String {
    limit == limit.rounded() && limit < 1e6 ? "\(Int(limit))" : "\(limit)"
  }

  /// Text from outside, short and without characters that could break or disguise a line.
  private static func plain(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.prefix(40).map { $0.isASCII && $0.value >= 0x20 ? $0 : "?" }))
  }
}
