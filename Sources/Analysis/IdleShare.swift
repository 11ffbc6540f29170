// What a machine draws at rest where nobody measured it: a share of its full power.

import CostModel
import Measurement

/// What idle machines draw of their full power: 0.14 (2017), 0.23 (2021) and 0.25 (2025) of servers with Xeon
/// processors in SPECpower's published results.
public enum IdleShare {
  public static let low = 0.14
  public static let best = 0.23
  public static let high = 0.25
  public static let source = "a share of full power, 0.14 to 0.25 as of servers (SPECpower)"

  public static func watts(ofFull full: Estimate) throws(CostError) -> Estimate {
    try Estimate(
      low: full.low * low, best: full.best * best, high: full.high * high, provenance: .estimated)
  }
}

extension IdlePower {
  /// The share of a machine that cannot be looked at.
  ///
  /// - Parameter reason: Why it was not measured.
  public init(shareOfFull full: Estimate, reason: String) throws(CostError) {
    let watts = try IdleShare.watts(ofFull: full)
    self.init(
      watts: WattsRange(low: watts.low, best: watts.best, high: watts.high),
      provenance: .estimated, source: IdleShare.source, seconds: nil, reason: reason)
  }
}
