// One test of a stored result: its samples, and statistics computed again from them.

import Analysis
import CostModel
import Measurement
import Models

/// A test as stored.
public struct StoredTest: Sendable {
  public let label: String
  /// Of a server: the load that it was measured under.
  public let level: String?
  public let phase: Phase
  public let promptTokens: Int
  public let generatedTokens: Int
  public let depth: Int
  /// Sequences together; nil where it is not known.
  public let knownBatch: Int?
  public let threads: Int?
  public let samples: [StoredSample]
  /// Computed from the samples; nil where none has a rate.
  public let summary: Summary?
  /// Computed from the samples that have joules; nil where none has.
  public let joulesPerToken: Estimate?
  public let energySource: String?
  /// `measured`, `estimated` or `given`.
  public let energyProvenance: String?
  public let energyReason: String?
  public let bytesTouchedPerToken: Double?
  /// Distinct parameters that a step read, by the routers' own decisions; of the slice where one was run.
  public let parametersTouchedPerStep: Double?
  public let bandwidthShare: Double?
  public let arithmeticShare: Double?
  public let distinctExperts: Double?
  /// What the whole would do, where a slice was measured.
  public let whole: StoredExtrapolation?

  /// One where it is not known.
  public var batch: Int { knownBatch ?? 1 }

  public var tokensPerSecond: [Double] { samples.compactMap(\.tokensPerSecond) }

  public var measurement: PhaseMeasurement {
    guard let whole else {
      var measurement = PhaseMeasurement(
        label: label, phase: phase, batch: knownBatch, tokensPerSecond: tokensPerSecond,
        joulesPerToken: joulesPerToken, energyReason: energyReason)
      measurement.level = level
      return measurement
    }
    return PhaseMeasurement(
      label: label, phase: phase, batch: knownBatch, tokensPerSecond: whole.tokensPerSecond,
      joulesPerToken: whole.joulesPerToken, energyReason: energyReason, provenance: .extrapolated)
  }
}

/// One stored repetition.
public struct StoredSample: Sendable {
  public let seconds: Double
  public let tokens: Int
  public let startOffset: Double?
  /// Measured, or estimated where the test says so.
  public let joules: Double?
  public let joulesLow: Double?
  public let joulesHigh: Double?

  public var tokensPerSecond: Double? {
    seconds > 0 && tokens > 0 ? Double(tokens) / seconds : nil
  }
}

extension StoredTest {
  init(_ node: Node) throws(DataError) {
    label = try node.string("label")
    level = try node.optionalString("level")
    let phase = try node.member("phase")
    guard let known = Phase(rawValue: try phase.string()) else {
      throw phase.fault(.outOfRange("the phase", rule: "must be prefill or decode"))
    }
    self.phase = known
    promptTokens = try node.optionalCount("n_prompt") ?? 0
    generatedTokens = try node.optionalCount("n_gen") ?? 0
    depth = try node.optionalCount("n_depth") ?? 0
    knownBatch = try node.optionalCount("n_batch").map { max(1, $0) }
    // Older documents have 0 where it was not known.
    threads = try node.optionalCount("n_threads").flatMap { $0 > 0 ? $0 : nil }
    samples = try node.member("samples").each { (sample) throws(DataError) in
      try StoredSample(sample)
    }
    summary = Self.summary(samples)
    bytesTouchedPerToken = try node.optionalAmount("bytes_touched_per_token")
    parametersTouchedPerStep = try node.optionalAmount("parameters_touched_per_step")
    let ceiling = try node.optional("ceiling")
    bandwidthShare = try ceiling?.optionalAmount("s_mbu")
    arithmeticShare = try ceiling?.optionalAmount("s_mfu")
    distinctExperts = try node.optional("experts")?.optionalAmount("distinct_mean")
    whole = try node.optional("extrapolated").map { (node) throws(DataError) in
      try StoredExtrapolation(node)
    }
    let energy = try node.optional("energy")
    energySource = try energy?.optionalString("source")
    energyProvenance = try energy?.optionalString("provenance")
    energyReason = try energy?.optionalString("reason")
    joulesPerToken = try Self.joules(samples, energy, energyProvenance)
    try Recomputation(node: node, samples: samples, summary: summary).check(energy, joulesPerToken)
  }

  private static func summary(_ samples: [StoredSample]) -> Summary? {
    let timed = samples.filter { $0.tokensPerSecond != nil }
    let starts = timed.compactMap(\.startOffset)
    return Summary(
      timed.compactMap(\.tokensPerSecond), times: starts.count == timed.count ? starts : [])
  }

  /// Median and range of the repetitions that have a figure.
  private static func joules(
    _ samples: [StoredSample], _ energy: Node?, _ provenance: String?
  ) throws(DataError) -> Estimate? {
    // Each repetition without a valid figure holds null; one of them does not spoil the others.
    func each(_ value: (StoredSample) -> Double?) -> [Double] {
      samples.filter { $0.tokens > 0 }.compactMap { sample in
        value(sample).map { $0 / Double(sample.tokens) }
      }
    }
    let best = each(\.joules)
    guard let median = Statistics.median(best), let least = best.min(), let most = best.max(),
      let energy
    else { return nil }
    do throws(CostError) {
      return try Estimate(
        low: min(median, Statistics.median(each(\.joulesLow)) ?? least), best: median,
        high: max(median, Statistics.median(each(\.joulesHigh)) ?? most),
        provenance: provenance.flatMap(Provenance.init(rawValue:)) ?? .estimated)
    } catch {
      throw energy.fault(.outOfRange("the joules", rule: error.description))
    }
  }
}

extension StoredSample {
  init(_ node: Node) throws(DataError) {
    seconds = try node.amount("seconds")
    tokens = try node.member("tokens").count()
    startOffset = try node.optionalAmount("start_offset_seconds")
    if let estimate = try node.optional("joules_estimated") {
      guard try node.optional("joules") == nil else {
        throw estimate.fault(.outOfRange("an estimate", rule: "stands beside a measured figure"))
      }
      joules = try estimate.amount("value")
      joulesLow = try estimate.amount("low")
      joulesHigh = try estimate.amount("high")
    } else {
      joules = try node.optionalAmount("joules")
      joulesLow = try node.optionalAmount("joules_low")
      joulesHigh = try node.optionalAmount("joules_high")
    }
    if let rate = tokensPerSecond, !rate.isFinite {
      throw node.fault(.notFinite("the rate of \(tokens) tokens in \(seconds) s"))
    }
  }
}
