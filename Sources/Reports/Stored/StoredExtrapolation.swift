// What a stored slice says of its whole.

import CostModel
import Models

/// The rates and the energy that were carried over to the whole.
public struct StoredExtrapolation: Sendable {
  /// One for each repetition.
  public let tokensPerSecond: [Double]
  public let joulesPerToken: Estimate?
  public let bytesTouchedPerToken: Double?

  init(_ node: Node) throws(DataError) {
    tokensPerSecond = try node.member("samples_tokens_per_second").each {
      (sample) throws(DataError) in
      let rate = try sample.number()
      guard rate.isFinite, rate > 0 else {
        throw sample.fault(.outOfRange("\(rate)", rule: "must be above 0"))
      }
      return rate
    }
    bytesTouchedPerToken = try node.optionalAmount("bytes_touched_per_token")
    joulesPerToken = try node.optional("joules_per_token").map { (joules) throws(DataError) in
      let (low, best, high) = (
        try joules.amount("ci_low"), try joules.amount("value"), try joules.amount("ci_high")
      )
      do throws(CostError) {
        return try Estimate(low: low, best: best, high: high, provenance: .extrapolated)
      } catch {
        throw joules.fault(.outOfRange("the joules", rule: error.description))
      }
    }
  }
}
