// What pricing needs of a test, wherever it was measured: rates and energy, or the reason there is none.

import CostModel
import Measurement

/// Speed and energy of one test, measured just now or read back from a document.
public struct PhaseMeasurement: Sendable {
  public let label: String
  public let phase: Phase
  /// Sequences worked on together; nil where it is not known.
  public let batch: Int?
  /// Tokens a second of each repetition.
  public let tokensPerSecond: [Double]
  /// Nil where no repetition has a valid figure.
  public let joulesPerToken: Estimate?
  /// Why there is no energy.
  public let energyReason: String?
  /// Where prefill and decode were measured at the same time, under one load: which load. Tests of different loads are
  /// never priced together.
  public var level: String?
  /// Of the speed: `extrapolated` where a slice stands for the whole.
  public let provenance: Provenance
  /// Where the speed was not measured but estimated: the estimate, in place of the repetitions' statistics.
  public var speed: Estimate?

  public init(
    label: String, phase: Phase, batch: Int?, tokensPerSecond: [Double], joulesPerToken: Estimate?,
    energyReason: String?, provenance: Provenance = .measured
  ) {
    self.provenance = provenance
    self.label = label
    self.phase = phase
    self.batch = batch
    self.tokensPerSecond = tokensPerSecond
    self.joulesPerToken = joulesPerToken
    self.energyReason = energyReason
  }

  /// - Parameter factors: Where the test is of a slice: how many layers each of its layers stands for; the
  ///   measurement is then the whole's.
  public init(_ result: TestResult, factors: [Double]?) throws(CostError) {
    guard let factors else {
      try self.init(result)
      return
    }
    let whole = Extrapolation(result, factors: factors)
    self.init(
      label: result.test.label, phase: result.test.phase, batch: result.test.batch,
      tokensPerSecond: whole?.samples ?? [], joulesPerToken: whole?.joulesPerToken,
      energyReason: result.samples.first?.energy.joules.reason, provenance: .extrapolated)
  }

  public init(_ result: TestResult) throws(CostError) {
    let sources = Set(result.samples.compactMap(\.energy.origin))
    let provenance: Provenance =
      sources == [.measured] ? .measured : sources == [.given] ? .given : .estimated
    var joules: Estimate?
    if let range = result.joulesPerToken {
      joules = try Estimate(
        low: range.low, best: range.best, high: range.high,
        provenance: provenance)
    }
    self.init(
      label: result.test.label, phase: result.test.phase, batch: result.test.batch,
      tokensPerSecond: result.tokensPerSecond, joulesPerToken: joules,
      energyReason: result.samples.first?.energy.joules.reason)
  }
}

extension PhaseMeasurement {
  /// The tests that may be priced together: all where none has a level, else those of the level that works through
  /// the mix soonest.
  static func together(_ tests: [PhaseMeasurement], mix: TokenMix) -> [PhaseMeasurement] {
    let levels = Dictionary(grouping: tests.filter { $0.level != nil }) { $0.level ?? "" }
    func seconds(_ tests: [PhaseMeasurement]) -> Double {
      [(Phase.prefill, mix.inputTokens), (.decode, mix.outputTokens)].reduce(0) { sum, part in
        let rate = fastest(part.0, of: tests).flatMap { Statistics.median($0.tokensPerSecond) }
        return sum + (part.1 == 0 ? 0 : rate.map { part.1 / $0 } ?? .infinity)
      }
    }
    return levels.min { (seconds($0.value), $0.key) < (seconds($1.value), $1.key) }?.value ?? tests
  }

  /// The fastest test of a phase: what the machine can do is what capacity is made of.
  static func fastest(_ phase: Phase, of tests: [PhaseMeasurement]) -> PhaseMeasurement? {
    tests.filter { $0.phase == phase && !$0.tokensPerSecond.isEmpty }.max {
      (Statistics.median($0.tokensPerSecond) ?? 0) < (Statistics.median($1.tokensPerSecond) ?? 0)
    }
  }

  /// As the cost model takes it; nil where there is no speed, or no energy and the cost needs one.
  func throughput(_ assumptions: Assumptions<Estimate>, watts: Estimate?) throws(CostError)
    -> PhaseThroughput<Estimate>?
  {
    guard let summary = Summary(tokensPerSecond),
      let energy = energy(assumptions, watts: watts)
    else { return nil }
    if let speed {
      return PhaseThroughput(tokensPerSecond: try Self.bounded(speed), energy: energy, samples: [])
    }
    let interval = summary.interval
    let speed = try Estimate(
      low: min(summary.median, interval?.low ?? summary.minimum),
      best: summary.median, high: max(summary.median, interval?.high ?? summary.maximum),
      provenance: provenance)
    return PhaseThroughput(
      tokensPerSecond: try Self.bounded(speed), energy: energy, samples: tokensPerSecond)
  }

  /// Two unlike repetitions have an interval that no machine is as wide as (Student's t with one degree of freedom, in
  /// the logarithm): beyond a factor of a thousand it says no more than that nothing is known.
  private static func bounded(_ speed: Estimate) throws(CostError) -> Estimate {
    try Estimate(
      low: max(speed.low, speed.best / 1000), best: speed.best,
      high: min(speed.high, speed.best * 1000), provenance: speed.provenance)
  }

  private func energy(_ assumptions: Assumptions<Estimate>, watts: Estimate?)
    -> PhaseEnergy<Estimate>?
  {
    if let watts { return .watts(watts) }
    if let joulesPerToken { return .joulesPerToken(joulesPerToken) }
    // Where the rent includes electricity, the cost does not depend on the energy.
    if case .rented(_, includesEnergy: true) = assumptions.ownership {
      return .joulesPerToken(.exactly(0))
    }
    return nil
  }
}
