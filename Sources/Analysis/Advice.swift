// The whole answer for one measured model: each offer decided, what would change it, what money does not show.

import CostModel
import Measurement
import Models

/// What to decide about.
public struct Question: Sendable {
  public var workload: TokenWorkload
  public var traffic: Traffic
  public var machines = 1
  public var usableShare = 1.0
  public var seed: UInt64 = 1

  public init(workload: TokenWorkload, traffic: Traffic) {
    self.workload = workload
    self.traffic = traffic
  }
}

/// A decision against one offer.
public struct OfferDecision: Sendable {
  public let offer: Offer
  public let decision: Decision
}

/// The decision under one scenario.
public struct ScenarioDecision: Sendable {
  public let scenario: Scenario
  public let decision: Decision
}

/// The answer to a `Question` for one priced measurement.
public struct Advice: Sendable {
  public let question: Question
  public let cost: RunCost
  /// Against the cheapest offer of the same model, or of a well-known one where it has none.
  public let primary: OfferDecision
  public let others: [OfferDecision]
  public let scenarios: [ScenarioDecision]
  /// At the utilisation that the traffic makes, not the assumed one.
  public let carbon: CarbonCost
  /// Fastest answer to one request here; nil where a phase was not measured.
  public let latency: LatencyFloor?

  /// - Parameters:
  ///   - quotes: Prices of the day.
  ///   - scenarios: What to try beside the base case.
  /// - Throws: `AdviceError` where nothing can be decided, `CostError` for values out of range.
  public init(
    _ question: Question, cost: RunCost, quotes: [Quote], scenarios: [Scenario]
  ) throws {
    self.question = question
    self.cost = cost
    if let reason = cost.reason, cost.blended == nil {
      throw AdviceError.noCost(reason, needsPower: cost.lacksPower)
    }
    let input = question.workload.inputTokensPerRequest
    let offers = Offer.all(
      quotes, mix: question.workload.mix, inputTokensPerRequest: input,
      batch: question.workload.acceptsBatch)
    guard let first = offers.first else { throw AdviceError.noPrice }
    let simulation = Self.simulation(question)
    func decide(_ offer: Offer, _ change: (DecisionCase) -> DecisionCase = { $0 }) throws
      -> Decision
    {
      try change(Self.decisionCase(question, cost, offer.usdPerMillion)).decide(simulation)
    }
    primary = OfferDecision(offer: first, decision: try decide(first))
    others = try offers.dropFirst().map { OfferDecision(offer: $0, decision: try decide($0)) }
    self.scenarios = try scenarios.map { scenario in
      let banded = scenario.timeBand.flatMap { band in
        Offer(
          first.rows, sameModel: first.sameModel, mix: question.workload.mix,
          inputTokensPerRequest: input, band: band, batch: first.batchDiscount != nil
        )?.usdPerMillion
      }
      return ScenarioDecision(
        scenario: scenario,
        decision: try decide(first) {
          $0.supposing(
            electricityFactor: scenario.electricityFactor, apiFactor: scenario.apiFactor,
            apiUsdPerMillion: banded)
        })
    }
    latency = LatencyFloor(question.workload, cost)
    var used = cost.basis.assumptions
    let share = primary.decision.utilisation
    if share > 0, share.isFinite { used.utilisation = .exactly(min(share, 1)) }
    carbon = CarbonCost(
      cost.basis.carbon, used, cost.throughput, mix: question.workload.mix,
      knowsEnergy: cost.carbon.knowsEnergy)
  }

  /// The same question for a share of the traffic, against the same offer: what a router sends here.
  ///
  /// - Parameter share: Above 0, at most 1.
  public func decision(forShare share: Double) throws(CostError) -> Decision {
    var part = question
    part.traffic = try Traffic(
      millionTokensPerMonth: question.traffic.millionTokensPerMonth * share)
    return try Self.decisionCase(part, cost, primary.offer.usdPerMillion)
      .decide(Self.simulation(question))
  }

  /// Draws behind every interval and share of an answer.
  public static let draws = 4000

  private static func simulation(_ question: Question) -> Simulation {
    Simulation(seed: question.seed, draws: draws)
  }

  private static func decisionCase(
    _ question: Question, _ cost: RunCost, _ price: Estimate
  ) -> DecisionCase {
    DecisionCase(
      assumptions: cost.basis.assumptions, throughput: cost.throughput,
      mix: question.workload.mix, traffic: question.traffic, apiUsdPerMillion: price,
      machines: question.machines, usableShare: question.usableShare)
  }
}

/// How fast one request can be answered at the measured speeds, nothing waiting before it.
public struct LatencyFloor: Sendable {
  public let secondsToFirstToken: Double
  public let secondsPerToken: Double
  public let outputTokens: Double
  /// Sequences decoded together at these speeds.
  public let batch: Int

  public var secondsPerRequest: Double { secondsToFirstToken + outputTokens * secondsPerToken }

  init?(_ workload: TokenWorkload, _ cost: RunCost) {
    guard let prefill = cost.throughput.prefill, let decode = cost.throughput.decode,
      let batch = cost.decode?.batch
    else { return nil }
    let input = workload.inputTokensPerRequest * (1 - workload.cachedShare)
    secondsToFirstToken = input / prefill.tokensPerSecond.best
    // Sequences decoded together share the rate.
    secondsPerToken = Double(batch) / decode.tokensPerSecond.best
    outputTokens = workload.outputTokensPerRequest
    self.batch = batch
  }
}

/// Why nothing can be decided.
public enum AdviceError: Error, Hashable, Sendable, CustomStringConvertible {
  case noCost(String, needsPower: Bool)
  case noPrice

  public var description: String {
    switch self {
    case .noCost(let reason, let needsPower):
      "nothing to decide: \(reason)"
        + (needsPower ? "; --watts LOW,BEST,HIGH supplies the power" : "")
    case .noPrice: "nothing to decide: no API price is known for requests of this length"
    }
  }
}
