// Holds a document's own statistics against its samples: more than 1 % apart is refused.

import CostModel
import Measurement
import Models

struct Recomputation {
  /// Statistics may be rounded, not wrong.
  static let tolerance = 0.01

  let node: Node
  let samples: [StoredSample]
  let summary: Summary?

  func check(_ energy: Node?, _ joules: Estimate?) throws(DataError) {
    if let stated = try node.optional("tokens_per_second") {
      guard let summary else {
        throw stated.fault(.outOfRange("a rate", rule: "has no sample that gives one"))
      }
      try check(stated, "median", summary.median, scale: summary.median)
      try check(stated, "mean", summary.mean, scale: summary.mean)
      try check(stated, "min", summary.minimum, scale: summary.minimum)
      try check(stated, "max", summary.maximum, scale: summary.maximum)
      // Of the mean: a deviation of next to nothing is all rounding.
      try check(stated, "std", summary.standardDeviation, scale: summary.mean)
      try interval(stated)
    }
    if let energy, let joules {
      let stated = try energy.optional("estimated") ?? energy
      try check(stated, "joules_per_token", joules.best, scale: joules.best)
    }
  }

  private func check(
    _ stated: Node, _ key: String, _ computed: Double?, scale: Double
  ) throws(DataError) {
    guard let member = try stated.optional(key), let computed else { return }
    let value = try member.number()
    guard abs(value - computed) <= Self.tolerance * abs(scale) else {
      throw member.fault(
        .outOfRange("\(value)", rule: "is not what the samples give, \(Number.short(computed))"))
    }
  }

  private func interval(_ stated: Node) throws(DataError) {
    guard let low = try stated.optional("ci_low")?.number(),
      let high = try stated.optional("ci_high")?.number()
    else { return }
    guard low <= high else {
      throw stated.fault(.outOfRange("ci_low \(low)", rule: "must not exceed ci_high \(high)"))
    }
  }
}
