// A cheap and a dear model together: a router sends each request to one, a cascade tries the cheap one first.

/// How requests are shared out: a router sends each to one model, a cascade asks the cheap one first and pays for both
/// where that was in vain.
public enum RoutingMode: String, Sendable, Hashable, CaseIterable { case router, cascade }

/// Blended cost when `cheapShare` of the requests are settled by the cheap model.
public struct RoutedCost: Sendable, Hashable {
  public let usdPerMillion: Double
  /// What is saved against sending everything to the dear model; below 0 where it costs more.
  public let savingShare: Double

  /// - Parameters:
  ///   - cheapShare: Share of requests the cheap model settles, 0...1.
  /// - Throws: `CostError` for a share outside 0...1 or a price that is not positive.
  public init(
    mode: RoutingMode, cheapShare: Double, cheapUsdPerMillion: Double, dearUsdPerMillion: Double
  ) throws(CostError) {
    guard cheapShare >= 0, cheapShare <= 1 else {
      throw .outOfRange(field: "cheap share", value: cheapShare, rule: "must be from 0 to 1")
    }
    guard cheapUsdPerMillion >= 0, cheapUsdPerMillion.isFinite else {
      throw .outOfRange(
        field: "cheap price", value: cheapUsdPerMillion, rule: "must not be negative")
    }
    guard dearUsdPerMillion > 0, dearUsdPerMillion.isFinite else {
      throw .outOfRange(field: "dear price", value: dearUsdPerMillion, rule: "must be above 0")
    }
    // A cascade pays the cheap model for every request, a router only for its own.
    let cheap = mode == .router ? cheapShare * cheapUsdPerMillion : cheapUsdPerMillion
    usdPerMillion = cheap + (1 - cheapShare) * dearUsdPerMillion
    savingShare = 1 - usdPerMillion / dearUsdPerMillion
  }
}
