// A level of load as tests of prefill and decode, so that a server is priced like any other engine.

import CostModel
import Measurement

/// One phase of one level: each successful request is a sample of the server's speed.
public struct ServiceTest: Sendable {
  /// One request's share of the phase.
  public struct Sample: Sendable, Equatable {
    /// The server's time that the request was charged with, `TimeShare`.
    public let seconds: Double
    public let tokens: Int
    /// When its request was sent, after the run began.
    public let startOffset: Double
    /// The level's power over these seconds.
    public let energy: EnergySample

    public var tokensPerSecond: Double { Double(tokens) / seconds }
  }

  public internal(set) var label: String
  /// The level's own label.
  public let level: String
  public let phase: Phase
  /// Median over the samples' requests.
  public let promptTokens: Int
  public let generatedTokens: Int
  /// Requests in flight.
  public let batch: Int
  public let samples: [Sample]
  public let energy: EnergySample
  /// False where too many of the level's requests failed; there are no samples then.
  public let isValid: Bool
  /// nil where no sample could be timed.
  public let summary: Summary?

  /// Prefill and decode of a level. Prompts that the server had cached, replies that did not stream and those too
  /// fast to time give no sample.
  public static func tests(of level: LoadLevel) -> [ServiceTest] {
    let shares = TimeShare.divide(level.requests)
    let pairs = zip(level.requests, shares).filter { $0.0.isMeasured && $0.0.succeeded }
    return [.prefill, .decode].map { ServiceTest($0, level, pairs) }
  }

  private init(_ phase: Phase, _ level: LoadLevel, _ pairs: [(ServedRequest, TimeShare)]) {
    self.phase = phase
    energy = level.energy
    isValid = level.isValid
    // Where many requests fail, those that do not are another load than the one that was put on.
    samples = pairs.compactMap { request, share in
      guard level.isValid else { return nil }
      let part = phase == .prefill ? Self.prefill(request, share) : Self.decode(request, share)
      guard let part else { return nil }
      return Sample(
        seconds: part.seconds, tokens: part.tokens, startOffset: request.sentAt,
        energy: level.energy.part(part.seconds, of: level.energySeconds))
    }
    summary = Summary(samples.map(\.tokensPerSecond), times: samples.map(\.startOffset))
    func typical(_ count: (ServedRequest) -> Int?) -> Int {
      Int(Statistics.median(pairs.compactMap { count($0.0).map(Double.init) })?.rounded() ?? 0)
    }
    promptTokens = phase == .prefill ? typical(\.promptTokens) : 0
    generatedTokens = phase == .decode ? typical(\.outputTokens) : 0
    batch =
      if case .concurrent(let count) = level.arrivals { count } else {
        max(1, Int((level.meanInFlight ?? 1).rounded()))
      }
    let size = phase == .prefill ? "pp\(promptTokens)" : "tg\(generatedTokens)"
    label = "\(size) \(level.arrivals.label)"
    self.level = level.arrivals.label
  }

  private static func prefill(
    _ request: ServedRequest, _ share: TimeShare
  ) -> (seconds: Double, tokens: Int)? {
    guard let first = request.firstToken, first >= ServedRequest.shortestPrefill,
      !request.isCached, !request.flags.contains(.notStreamed), share.prefill > 0,
      let tokens = request.prefillTokens, tokens > 0
    else { return nil }
    return (share.prefill, tokens)
  }

  private static func decode(
    _ request: ServedRequest, _ share: TimeShare
  ) -> (seconds: Double, tokens: Int)? {
    guard let span = request.decodeSeconds, let tokens = request.tokensAfterFirst, tokens >= 1,
      share.decode > 0
    else { return nil }
    // The share goes on to the reply's last byte, after the last token.
    let whole = request.end - (request.firstToken ?? request.end)
    return (share.decode * (whole > 0 ? min(1, span / whole) : 1), Int(tokens.rounded()))
  }
}

extension EnergySample {
  /// At the same power, over some of the seconds.
  fileprivate func part(_ seconds: Double, of whole: Double?) -> EnergySample {
    guard let joules = joules.value, let low, let high, let whole, whole > 0 else { return self }
    let share = seconds / whole
    return EnergySample(
      source: source, provenance: provenance, joules: joules * share, low: low * share,
      high: high * share)
  }
}

extension ServiceTest {
  /// Named by the sizes that were asked for: those that came may differ by a token, and two results are compared by
  /// the names of their tests.
  public func named(promptTokens: ClosedRange<Int>, outputTokens: ClosedRange<Int>) -> ServiceTest {
    func size(_ range: ClosedRange<Int>) -> String {
      range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
    }
    var test = self
    test.label =
      (phase == .prefill ? "pp\(size(promptTokens))" : "tg\(size(outputTokens))") + " \(level)"
    return test
  }
}

extension ServiceTest {
  /// Median of the samples with their interval of energy; nil where there is none.
  public var joulesPerToken: (low: Double, best: Double, high: Double)? {
    func typical(_ value: (EnergySample) -> Double?) -> Double? {
      Statistics.median(
        samples.compactMap { sample in value(sample.energy).map { $0 / Double(sample.tokens) } })
    }
    guard let best = typical(\.joules.value) else { return nil }
    return (min(best, typical(\.low) ?? best), best, max(best, typical(\.high) ?? best))
  }

  /// As pricing takes it.
  public func measurement() throws(CostError) -> PhaseMeasurement {
    var joules: Estimate?
    if let range = joulesPerToken {
      let provenance: Provenance =
        switch energy.provenance {
        case .measured: .measured
        case .given: .given
        case .estimated, .calibrated: .estimated
        }
      joules = try Estimate(
        low: range.low, best: range.best, high: range.high, provenance: provenance)
    }
    var measurement = PhaseMeasurement(
      label: label, phase: phase, batch: batch, tokensPerSecond: samples.map(\.tokensPerSecond),
      joulesPerToken: joules, energyReason: energy.joules.reason)
    measurement.level = level
    return measurement
  }
}
