// Outliers by Tukey's fences (Tukey 1977), in the classes of the Criterion benchmark library.

/// How many samples lie outside the fences: mild beyond 1.5, severe beyond 3 interquartile ranges.
public struct Outliers: Sendable, Equatable {
  /// On which side, and how far beyond the fences.
  public enum Class: String, Sendable, CaseIterable {
    case lowSevere = "low_severe"
    case lowMild = "low_mild"
    case highMild = "high_mild"
    case highSevere = "high_severe"
  }

  /// Class of each sample in the order given; `nil` inside the fences.
  public let classes: [Class?]

  /// Fences need quartiles: below 4 samples none is called an outlier.
  public init(_ values: [Double]) {
    let sorted = Statistics.finiteSorted(values)
    guard sorted.count >= 4, let q1 = Statistics.quantile(sorted: sorted, 0.25),
      let q3 = Statistics.quantile(sorted: sorted, 0.75)
    else {
      classes = values.map { _ in nil }
      return
    }
    let range = q3 - q1
    classes = values.map { value in
      switch value {
      case ..<(q1 - 3 * range): .lowSevere
      case ..<(q1 - 1.5 * range): .lowMild
      case _ where value > q3 + 3 * range: .highSevere
      case _ where value > q3 + 1.5 * range: .highMild
      default: nil
      }
    }
  }

  public func count(_ kind: Class) -> Int { classes.count { $0 == kind } }

  public var total: Int { classes.count { $0 != nil } }
}
