// How a decision is made: one exact point, and seeded draws around it.

/// A case at one point: every range replaced by one value.
private struct PointCase {
  let line: CostLine
  let api: Double
  let millions: Double
  let usableShare: Double

  var usableCapacity: Double { line.capacityMillionTokensPerMonth * usableShare }

  /// Machines needed, at least one; may be fractional only where the number is absurd.
  var machines: Double { max(1, (millions / usableCapacity).rounded(.up)) }

  var usdPerMonth: Double { line.usdPerMonth(millionTokens: millions, machines: machines) }

  /// Break-even volume, infinite where there is none: beyond what one machine makes no number of
  /// machines breaks even, as each of them, full, still costs more than it saves.
  var breakEvenMillions: Double {
    let margin = api - line.marginalUsdPerMillion
    let volume = margin > 0 ? line.fixedUsdPerMonth / margin : .infinity
    return volume <= usableCapacity ? volume : .infinity
  }
}

extension DecisionCase {
  private func point(
    _ assumptions: Assumptions<Double>, _ throughput: Throughput<Double>, api: Double
  ) -> PointCase? {
    assumptions.costLine(of: mix, throughput).map {
      PointCase(
        line: $0, api: api, millions: traffic.millionTokensPerMonth, usableShare: usableShare)
    }
  }

  /// Decides at the best point and measures how often the draws agree.
  ///
  /// - Throws: `CostError` where an assumption is outside its limits or a phase is missing.
  public func decide(_ simulation: Simulation = Simulation()) throws(CostError) -> Decision {
    try validate()
    guard let best = point(assumptions.best, throughput.best, api: apiUsdPerMillion.best) else {
      throw .noThroughput(phase: "prefill and decode")
    }
    var draws: [PointCase] = []
    _ = simulation.trials(assumptions, throughput) { a, t, random in
      if let drawn = point(a, t, api: apiUsdPerMillion.draw(&random)) { draws.append(drawn) }
      return nil
    }
    guard !draws.isEmpty else { throw .noThroughput(phase: "prefill and decode") }
    return decision(best, draws, simulation)
  }

  private func decision(
    _ best: PointCase, _ draws: [PointCase], _ simulation: Simulation
  ) -> Decision {
    let millions = traffic.millionTokensPerMonth
    let loosest = max(assumptions.provenance, throughput.provenance)
    func range(_ value: (PointCase) -> Double) -> Estimate {
      let values = draws.map(value).filter(\.isFinite)
      return simulation.interval(around: value(best), values, loosest) ?? .exactly(value(best))
    }
    func share(_ holds: (PointCase) -> Bool) -> Double {
      Double(draws.count(where: holds)) / Double(draws.count)
    }
    let selfHost = range(\.usdPerMonth)
    let machines = Int(exactly: best.machines)
    return Decision(
      verdict: verdict(best),
      probabilitySelfHostCheaper: share { $0.usdPerMonth < $0.api * millions },
      probabilityServes: share { $0.machines <= Double(self.machines) },
      machinesNeeded: machines,
      capacityMillionTokensPerMonth: range(\.usableCapacity),
      utilisation: millions / (best.line.capacityMillionTokensPerMonth * best.machines),
      selfHostUsdPerMillion: selfHost.scaled(by: 1 / millions), selfHostUsdPerMonth: selfHost,
      apiUsdPerMillion: apiUsdPerMillion, apiUsdPerMonth: apiUsdPerMillion.scaled(by: millions),
      ratio: range { $0.usdPerMonth / ($0.api * millions) },
      energyOnlyUsdPerMillion: simulation.costPerMillion(
        of: mix, assumptions, throughput, .energyOnly) ?? .exactly(0),
      parts: parts(best), breakEven: breakEven(best, draws, simulation),
      payback: best.line.payback(
        apiUsdPerMillion: best.api, millionTokens: millions, machines: best.machines,
        runningUsdPerMonth: assumptions.best.runningUsdPerMonth),
      sensitivity: sensitivity())
  }

  private func verdict(_ best: PointCase) -> Verdict {
    if best.line.marginalUsdPerMillion >= best.api { return .neverBreaksEven }
    if best.machines > Double(machines) { return .cannotServe }
    return best.usdPerMonth < best.api * best.millions ? .selfHost : .api
  }

  /// The parts of the best point's cost at the utilisation that the traffic gives.
  private func parts(_ best: PointCase) -> CostParts {
    var used = assumptions.best
    used.utilisation = min(
      1, best.millions / (best.line.capacityMillionTokensPerMonth * best.machines))
    return used.costPerMillion(of: mix, throughput.best) ?? CostParts()
  }

  private func breakEven(
    _ best: PointCase, _ draws: [PointCase], _ simulation: Simulation
  ) -> BreakEvenRange {
    let volumes = draws.map(\.breakEvenMillions).sorted()
    func bound(_ share: Double) -> Double? {
      let value = Sorted.percentile(volumes, share)
      return value.isFinite ? value : nil
    }
    let count = Double(draws.count)
    let point = best.breakEvenMillions
    return BreakEvenRange(
      best: best.line.breakEven(apiUsdPerMillion: best.api, usableShare: usableShare),
      lowMillionTokensPerMonth: bound((1 - simulation.coverage) / 2).map { min($0, point) },
      highMillionTokensPerMonth: point.isFinite
        ? bound((1 + simulation.coverage) / 2).map { max($0, point) } : nil,
      probabilityExists: Double(draws.count { $0.breakEvenMillions.isFinite }) / count)
  }

  private func sensitivity() -> [SensitivityRow] {
    Sensitivity(assumptions, throughput, apiUsdPerMillion: apiUsdPerMillion) { a, t in
      point(a, t, api: 0).map { $0.usdPerMonth / $0.millions }
    }.table()
  }
}
