// Self-host or API: the question, and the answer with how sure it is.

/// One question: this traffic, on machines like this, against this price.
public struct DecisionCase: Sendable {
  public var assumptions: Assumptions<Estimate>
  public var throughput: Throughput<Estimate>
  public var mix: TokenMix
  public var traffic: Traffic
  /// The API's blended price for `mix`, as a range where offers differ.
  public var apiUsdPerMillion: Estimate
  /// Machines at hand.
  public var machines: Int
  /// Share of the capacity that may be used on average, in (0, 1]: less than 1 leaves room for peaks.
  public var usableShare: Double

  public init(
    assumptions: Assumptions<Estimate>, throughput: Throughput<Estimate>, mix: TokenMix,
    traffic: Traffic, apiUsdPerMillion: Estimate, machines: Int = 1, usableShare: Double = 1
  ) {
    self.assumptions = assumptions
    self.throughput = throughput
    self.mix = mix
    self.traffic = traffic
    self.apiUsdPerMillion = apiUsdPerMillion
    self.machines = machines
    self.usableShare = usableShare
  }

  /// - Throws: `CostError` naming what is outside its limits or was not measured.
  public func validate() throws(CostError) {
    try assumptions.validate()
    try throughput.validate()
    try AssumptionField.apiUsdPerMillion.check(apiUsdPerMillion)
    guard machines >= 1 else {
      throw .outOfRange(field: "machines", value: Double(machines), rule: "must be at least 1")
    }
    guard usableShare > 0, usableShare <= 1 else {
      throw .outOfRange(
        field: "usable share", value: usableShare, rule: "must be above 0 and at most 1")
    }
    guard assumptions.best.computes(mix) else { throw .nothingToCompute }
    for (phase, name, tokens) in [
      (throughput.prefill, "prefill", mix.inputTokens * (1 - mix.cachedShare)),
      (throughput.decode, "decode", mix.outputTokens),
    ] where phase == nil && tokens > 0 { throw .noThroughput(phase: name) }
  }
}

/// What money says. Latency and where the data must stay are for people to add.
public enum Verdict: String, Sendable, Hashable, CaseIterable {
  case selfHost = "self_host"
  case api
  /// The machines at hand cannot produce the traffic.
  case cannotServe = "cannot_serve"
  /// Each token costs at least the API's price: the API wins at any volume.
  case neverBreaksEven = "never_breaks_even"
}

/// The break-even volume at the best point, and how far it may lie off.
public struct BreakEvenRange: Sendable, Hashable {
  public let best: BreakEven
  /// Bounds in million tokens a month; nil where a bound is "never".
  public let lowMillionTokensPerMonth: Double?
  public let highMillionTokensPerMonth: Double?
  /// Share of the draws in which some volume breaks even.
  public let probabilityExists: Double

  /// Whether some volume breaks even at the best point.
  public var exists: Bool {
    if case .at = best { true } else { false }
  }
}

/// The answer to a `DecisionCase`.
public struct Decision: Sendable, Hashable {
  public let verdict: Verdict
  /// Share of the draws in which self-hosting the traffic is cheaper.
  public let probabilitySelfHostCheaper: Double
  /// Share of the draws in which the machines at hand carry the traffic.
  public let probabilityServes: Double
  /// Machines the traffic needs at the best point; nil where the number is absurd.
  public let machinesNeeded: Int?
  public let capacityMillionTokensPerMonth: Estimate
  /// Share of the machines' capacity the traffic uses at the best point.
  public let utilisation: Double
  /// At this traffic, on as many machines as it needs.
  public let selfHostUsdPerMillion: Estimate
  public let selfHostUsdPerMonth: Estimate
  public let apiUsdPerMillion: Estimate
  public let apiUsdPerMonth: Estimate
  /// Self-host over API.
  public let ratio: Estimate
  /// Electricity of the busy seconds alone, as if the machine were there anyway.
  public let energyOnlyUsdPerMillion: Estimate
  public let parts: CostParts
  public let breakEven: BreakEvenRange
  public let payback: Payback
  public let sensitivity: [SensitivityRow]
}

extension Decision {
  /// Share of the draws that agree with the verdict.
  public var confidence: Double {
    switch verdict {
    case .selfHost: probabilitySelfHostCheaper
    case .api: 1 - probabilitySelfHostCheaper
    case .cannotServe: 1 - probabilityServes
    case .neverBreaksEven: 1 - breakEven.probabilityExists
    }
  }
}
