// How tokens fall on experts: how many different ones a batch wakes, and how unequal the load is.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Statistics of which experts ran.
public enum ExpertCoverage {
  /// Different experts that `tokens` tokens wake, each choosing `expertsPerToken` of `experts` at random without
  /// regard to the others: `E (1 - (1 - k/E)^B)`.
  public static func expected(experts: Double, expertsPerToken: Double, tokens: Double) -> Double {
    guard experts > 0 else { return 0 }
    return experts * (1 - pow(1 - min(1, expertsPerToken / experts), tokens))
  }

  /// Gini coefficient of a load (Gini 1912): 0 where all receive the same, near 1 where one receives all; nil without
  /// any load.
  public static func gini(_ load: [UInt64]) -> Double? {
    let sorted = load.sorted()
    let total = sorted.reduce(0.0) { $0 + Double($1) }
    guard total > 0 else { return nil }
    let n = Double(sorted.count)
    let weighted = sorted.enumerated().reduce(0.0) {
      $0 + Double($1.offset + 1) * Double($1.element)
    }
    return 2 * weighted / (n * total) - (n + 1) / n
  }

  /// Share of the load that the busiest tenth of the experts receives (at least one); nil without any load.
  public static func hotShare(_ load: [UInt64]) -> Double? {
    let total = load.reduce(0.0) { $0 + Double($1) }
    guard total > 0 else { return nil }
    let hot = max(1, load.count / 10)
    return load.sorted(by: >).prefix(hot).reduce(0.0) { $0 + Double($1) } / total
  }
}
