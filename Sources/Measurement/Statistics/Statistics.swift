// Location, spread and order statistics of a list of samples.

/// Plain statistics. Every function expects finite values and says what it returns for few.
public enum Statistics {
  /// The values that are finite, sorted. NaN and infinity have no order and would spoil a sort.
  public static func finiteSorted(_ values: [Double]) -> [Double] {
    values.filter(\.isFinite).sorted()
  }

  /// Arithmetic mean; `nil` of nothing.
  public static func mean(_ values: [Double]) -> Double? {
    guard let first = values.first else { return nil }
    // Differences from the first value keep the sum small beside a large common offset.
    return first + values.reduce(0) { $0 + ($1 - first) } / Double(values.count)
  }

  /// Sample standard deviation (n - 1); `nil` below two values.
  public static func standardDeviation(_ values: [Double]) -> Double? {
    guard values.count > 1, let mean = mean(values) else { return nil }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
  }

  /// Quantile with linear interpolation, type 7 of Hyndman and Fan (1996), numpy's default.
  ///
  /// - Parameters:
  ///   - sorted: Ascending finite values.
  ///   - p: 0 … 1.
  public static func quantile(sorted: [Double], _ p: Double) -> Double? {
    guard let last = sorted.last else { return nil }
    let position = min(max(p, 0), 1) * Double(sorted.count - 1)
    let index = Int(position)
    guard index + 1 < sorted.count else { return last }
    return sorted[index] + (position - Double(index)) * (sorted[index + 1] - sorted[index])
  }

  /// Median; `nil` of nothing.
  public static func median(_ values: [Double]) -> Double? {
    quantile(sorted: values.sorted(), 0.5)
  }
}
