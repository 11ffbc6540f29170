// Ranges of cost: the best point between the cheapest and the dearest corner of all assumptions.

/// Cost per million tokens with its range, and the parts of its best point.
public struct CostRange: Sendable, Hashable {
  /// USD per million tokens: every assumption at its cheapest, best and dearest.
  public let usdPerMillion: Estimate
  public let parts: CostParts
}

extension Assumptions<Estimate> {
  /// Refuses values outside their limits.
  ///
  /// - Throws: `CostError` naming the field, its value and the rule.
  public func validate() throws(CostError) {
    _ = try map { (value, field) throws(CostError) in try field.check(value) }
  }

  public var best: Assumptions<Double> { map { value, _ in value.best } }
  public var cheapest: Assumptions<Double> { map { value, field in value.cheapest(field) } }
  public var dearest: Assumptions<Double> { map { value, field in value.dearest(field) } }

  var provenance: Provenance {
    var loosest = Provenance.given
    _ = map { value, _ in loosest = max(loosest, value.provenance) }
    return loosest
  }

  /// Cost of a mix with its widest bounds. Nil where a needed phase was not measured.
  public func costPerMillion(
    of mix: TokenMix, _ throughput: Throughput<Estimate>, _ accounting: Accounting = .reserved
  ) -> CostRange? {
    guard
      let parts = best.costPerMillion(of: mix, throughput.best, accounting),
      let low = cheapest.costPerMillion(of: mix, throughput.cheapest, accounting),
      let high = dearest.costPerMillion(of: mix, throughput.dearest, accounting)
    else { return nil }
    let range = Estimate.containing(
      parts.total, low.total, high.total, max(provenance, throughput.provenance))
    return CostRange(usdPerMillion: range, parts: parts)
  }
}

extension Throughput<Estimate> {
  /// Refuses speeds that are not above zero and energies below it.
  public func validate() throws(CostError) {
    _ = try map { (value, field) throws(CostError) in try field.check(value) }
    for (field, phase) in [
      (AssumptionField.prefillTokensPerSecond, prefill), (.decodeTokensPerSecond, decode),
    ] {
      for sample in phase?.samples ?? [] { try field.check(.exactly(sample)) }
    }
  }

  public var best: Throughput<Double> { map { value, _ in value.best } }
  public var cheapest: Throughput<Double> { map { value, field in value.cheapest(field) } }
  public var dearest: Throughput<Double> { map { value, field in value.dearest(field) } }

  var provenance: Provenance {
    var loosest = Provenance.given
    _ = map { value, _ in loosest = max(loosest, value.provenance) }
    return loosest
  }
}

extension Estimate {
  func cheapest(_ field: AssumptionField) -> Double {
    field.effect == .raisesCost ? low : high
  }

  func dearest(_ field: AssumptionField) -> Double {
    field.effect == .raisesCost ? high : low
  }
}
