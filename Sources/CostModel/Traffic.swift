// Tokens a month from what people say: 5M/day, 100k/hour, 2B/month.

/// A volume of tokens over time. A month is a twelfth of a year: 730 hours.
public struct Traffic: Sendable, Hashable {
  public let millionTokensPerMonth: Double

  public init(millionTokensPerMonth: Double) throws(CostError) {
    guard millionTokensPerMonth.isFinite else { throw .notANumber(field: "traffic") }
    guard Self.limits.contains(millionTokensPerMonth) else {
      throw .outOfRange(
        field: "traffic, million tokens a month", value: millionTokensPerMonth,
        rule: "must be from 1 token to a million T tokens a month")
    }
    self.millionTokensPerMonth = millionTokensPerMonth
  }

  /// A single token, and far more than all the world's machines make.
  private static let limits = 1e-6...1e12

  /// Reads a number, an optional factor k, M, B or T, and `/second`, `/minute`, `/hour`, `/day`,
  /// `/week`, `/month` or `/year`; without a period it is a month's.
  public init(parsing text: String) throws(CostError) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    var digits = parts.first ?? ""
    var factor = 1.0
    if let suffix = digits.last, let power = Self.factors[Character(suffix.lowercased())] {
      factor = power
      digits = digits.dropLast()
    }
    guard let tokens = PlainDecimal.parse(digits),
      let hours = parts.count == 2 ? Self.hours[parts[1].lowercased()] : BillingTime.hoursPerMonth
    else { throw .notTraffic(text) }
    try self.init(
      millionTokensPerMonth: tokens * factor / 1e6 * BillingTime.hoursPerMonth / hours)
  }

  private static let factors: [Character: Double] = ["k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12]

  private static let hours: [String: Double] = [
    "s": 1 / 3600, "second": 1 / 3600, "min": 1 / 60, "minute": 1 / 60, "h": 1, "hour": 1,
    "d": 24, "day": 24, "w": 168, "week": 168, "month": BillingTime.hoursPerMonth,
    "y": BillingTime.hoursPerYear, "year": BillingTime.hoursPerYear,
  ]
}
