// What a bought machine costs a year: the annuity of its price less what is left at the end.

import Foundation

extension Purchase<Double> {
  /// Equal yearly payment that pays for the machine, its residual value discounted.
  ///
  /// `(P - R / (1 + r)^L) r / (1 - (1 + r)^-L)`, and `(P - R) / L` without cost of capital; R is the
  /// price times `residualShare`.
  public var annuityUsdPerYear: Double {
    guard costOfCapital > 0 else { return priceUsd * (1 - residualShare) / lifeYears }
    // Through log1p and expm1: for a tiny cost of capital 1 - (1 + r)^-L would cancel to nothing.
    let growth = -lifeYears * log1p(costOfCapital)
    let factor = costOfCapital / -expm1(growth)
    return priceUsd * (1 - residualShare * exp(growth)) * factor
  }

  public var maintenanceUsdPerYear: Double { maintenanceShare * priceUsd }
}

/// Hours and seconds of the mean month: a twelfth of 8,760 hours.
public enum BillingTime {
  public static let hoursPerYear = 8760.0
  public static let hoursPerMonth = 730.0
  public static let secondsPerMonth = 2_628_000.0
}
