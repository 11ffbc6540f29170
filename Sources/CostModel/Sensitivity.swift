// Which assumption moves the cost most, and which one turns the verdict.

/// What one assumption does to the cost while all others keep their best value.
public struct SensitivityRow: Sendable, Hashable {
  public let field: AssumptionField
  public let range: Estimate
  /// USD per million tokens with the value at its low and at its high end.
  public let usdPerMillionAtLow: Double
  public let usdPerMillionAtHigh: Double
  /// Whether the cost crosses the API's price within the range.
  public let flips: Bool
  /// The value at which the costs are equal, within a hundredth to a hundredfold and its limits; nil
  /// if there is none.
  public let flipValue: Double?

  public var swing: Double { abs(usdPerMillionAtHigh - usdPerMillionAtLow) }
}

/// The table of all assumptions that matter, the largest swing first.
public struct Sensitivity {
  let assumptions: Assumptions<Estimate>
  let throughput: Throughput<Estimate>
  let apiUsdPerMillion: Estimate
  let cost: (Assumptions<Double>, Throughput<Double>) -> Double?

  /// - Parameter cost: USD per million tokens at a point, monotone in each value.
  public init(
    _ assumptions: Assumptions<Estimate>, _ throughput: Throughput<Estimate>,
    apiUsdPerMillion: Estimate,
    cost: @escaping (Assumptions<Double>, Throughput<Double>) -> Double?
  ) {
    self.assumptions = assumptions
    self.throughput = throughput
    self.apiUsdPerMillion = apiUsdPerMillion
    self.cost = cost
  }

  public func table() -> [SensitivityRow] {
    var fields: [(AssumptionField, Estimate)] = []
    let collect = { (value: Estimate, field: AssumptionField) in fields.append((field, value)) }
    _ = assumptions.map(collect)
    _ = throughput.map(collect)
    var rows = fields.compactMap { row($0.0, $0.1) }
    if let own = cost(assumptions.best, throughput.best) { rows.append(priceRow(own)) }
    // Ties keep the order of the fields, so tables repeat.
    return rows.enumerated()
      .sorted { ($1.element.swing, $0.offset) < ($0.element.swing, $1.offset) }
      .map(\.element)
  }

  private func row(_ field: AssumptionField, _ range: Estimate) -> SensitivityRow? {
    guard let low = cost(with: field, range.low), let high = cost(with: field, range.high) else {
      return nil
    }
    let flip = flipValue(field, range)
    if low == high && flip == nil { return nil }
    let price = apiUsdPerMillion.best
    return SensitivityRow(
      field: field, range: range, usdPerMillionAtLow: low, usdPerMillionAtHigh: high,
      flips: (low < price) != (high < price), flipValue: flip)
  }

  /// The API's own price as a row: the cost is fixed, the threshold moves.
  private func priceRow(_ own: Double) -> SensitivityRow {
    SensitivityRow(
      field: .apiUsdPerMillion, range: apiUsdPerMillion,
      usdPerMillionAtLow: apiUsdPerMillion.low, usdPerMillionAtHigh: apiUsdPerMillion.high,
      flips: (own < apiUsdPerMillion.low) != (own < apiUsdPerMillion.high), flipValue: own)
  }

  private func cost(with field: AssumptionField, _ value: Double) -> Double? {
    guard field.limits.contains(value) else { return nil }
    return cost(
      assumptions.map { $1 == field ? value : $0.best },
      throughput.map { $1 == field ? value : $0.best })
  }

  /// Bisection in the logarithm; 60 halvings end below the resolution of a Double.
  private func flipValue(_ field: AssumptionField, _ range: Estimate) -> Double? {
    let price = apiUsdPerMillion.best
    var low = field.clamped(range.best / 100)
    var high = field.clamped(range.best * 100)
    guard low > 0, low < high,
      let atLow = cost(with: field, low), let atHigh = cost(with: field, high),
      (atLow < price) != (atHigh < price)
    else { return nil }
    for _ in 0..<60 {
      let middle = (low * high).squareRoot()
      guard let value = cost(with: field, middle) else { return nil }
      if (value < price) == (atLow < price) { low = middle } else { high = middle }
    }
    return (low * high).squareRoot()
  }
}
