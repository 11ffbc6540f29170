// Seeded Monte Carlo: repetitions, energy range and price range joined into one interval.

/// Draws every assumption together, many times. The same seed gives the same interval.
public struct Simulation: Sendable, Hashable {
  public let seed: UInt64
  public let draws: Int
  /// Share of the draws inside the interval.
  public let coverage: Double

  public init(seed: UInt64 = 1, draws: Int = 10_000, coverage: Double = 0.95) {
    precondition(draws >= 100, "\(draws) draws give no percentile")
    precondition(coverage > 0 && coverage < 1, "coverage \(coverage) is not a share")
    self.seed = seed
    self.draws = draws
    self.coverage = coverage
  }

  /// USD per million tokens of a mix: the point from every best value, the interval from the draws.
  ///
  /// The interval is widened to the point where the draws leave it outside. Nil where the mix needs
  /// a phase that was not measured.
  public func costPerMillion(
    of mix: TokenMix, _ assumptions: Assumptions<Estimate>, _ throughput: Throughput<Estimate>,
    _ accounting: Accounting = .reserved
  ) -> Estimate? {
    guard
      let point = assumptions.best.costPerMillion(of: mix, throughput.best, accounting)?.total
    else { return nil }
    let values = trials(assumptions, throughput) { a, t, _ in
      a.costPerMillion(of: mix, t, accounting)?.total
    }
    return interval(around: point, values, max(assumptions.provenance, throughput.provenance))
  }

  /// One value a draw, in the order of the draws; draws without a value are left out.
  func trials(
    _ assumptions: Assumptions<Estimate>, _ throughput: Throughput<Estimate>,
    _ value: (Assumptions<Double>, Throughput<Double>, inout RandomSource) -> Double?
  ) -> [Double] {
    var random = RandomSource(seed: seed)
    var values: [Double] = []
    values.reserveCapacity(draws)
    for _ in 0..<draws {
      let a = assumptions.draw(&random)
      let t = throughput.draw(&random)
      if let drawn = value(a, t, &random), drawn.isFinite { values.append(drawn) }
    }
    return values
  }

  func interval(around point: Double, _ values: [Double], _ provenance: Provenance) -> Estimate? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    return .containing(
      point, Sorted.percentile(sorted, (1 - coverage) / 2),
      Sorted.percentile(sorted, (1 + coverage) / 2), provenance)
  }
}
