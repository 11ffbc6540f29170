// What can be wrong with assumptions that come from outside; the sentences are made here.

public enum CostError: Error, Hashable, Sendable {
  case notANumber(field: String)
  case outOfOrder(low: Double, best: Double, high: Double)
  case outOfRange(field: String, value: Double, rule: String)
  case emptyMix
  case noThroughput(phase: String)
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
    case .emptyMix:
      "workload: needs input or output tokens"
    case .noThroughput(let phase):
      "\(phase) tokens per second: the workload needs them and they were not measured"
    }
  }
}
