// Joules of input, output and total tokens; prefill, decode and idle apart.

import CostModel
import Measurement

/// What a token costs in energy, as the machine ran it.
public struct TokenEnergy: Sendable {
  /// One phase at the speed it was measured at.
  public struct Phase: Sendable {
    public let label: String
    public let joulesPerToken: Estimate
    public let watts: Estimate
    /// Less what the machine would have drawn at rest; nil where that is not known.
    public let joulesPerTokenAboveIdle: Estimate?
  }

  public let prefill: Phase?
  public let decode: Phase?
  /// With the model resident; nil where it is not known.
  public let idleWatts: Estimate?
  /// A computed input token: prefill's.
  public var perInputToken: Estimate? { prefill?.joulesPerToken }
  /// Decode's.
  public var perOutputToken: Estimate? { decode?.joulesPerToken }
  /// A token of the mix; nil where a phase it needs has no figure.
  public let perTotalToken: Estimate?

  public init(_ cost: RunCost, idleWatts: Estimate?) {
    self.idleWatts = idleWatts
    func phase(_ measurement: PhaseMeasurement?, _ priced: PhaseThroughput<Estimate>?) -> Phase? {
      guard let measurement, let rate = Statistics.median(measurement.tokensPerSecond), rate > 0,
        rate.isFinite
      else { return nil }
      let energy: Estimate?
      if case .watts(let watts) = priced?.energy {
        energy = watts.scaled(by: 1 / rate)
      } else {
        energy = measurement.joulesPerToken
      }
      guard let joules = energy else { return nil }
      let above = idleWatts.map { idle in
        Estimate.ordered(
          max(0, joules.low - idle.high / rate), max(0, joules.best - idle.best / rate),
          max(0, joules.high - idle.low / rate), max(joules.provenance, idle.provenance))
      }
      return Phase(
        label: measurement.label, joulesPerToken: joules, watts: joules.scaled(by: rate),
        joulesPerTokenAboveIdle: above)
    }
    prefill = phase(cost.prefill, cost.throughput.prefill)
    decode = phase(cost.decode, cost.throughput.decode)
    perTotalToken = Self.blend(cost.mix, prefill?.joulesPerToken, decode?.joulesPerToken)
  }

  /// Cached input tokens are counted but not computed.
  private static func blend(_ mix: TokenMix, _ input: Estimate?, _ output: Estimate?) -> Estimate? {
    let computed = mix.inputTokens * (1 - mix.cachedShare)
    guard computed == 0 || input != nil, mix.outputTokens == 0 || output != nil else { return nil }
    let parts = [(computed, input), (mix.outputTokens, output)].compactMap { tokens, joules in
      joules?.scaled(by: tokens / mix.totalTokens)
    }
    guard let first = parts.first else { return nil }
    return parts.dropFirst().reduce(first) { sum, part in
      .ordered(
        sum.low + part.low, sum.best + part.best, sum.high + part.high,
        max(sum.provenance, part.provenance))
    }
  }
}
