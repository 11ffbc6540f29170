// Another engine that was measured in turn with the built-in one: its speed, the ratio, its energy and cost.

import Analysis
import CostModel
import Measurement

/// Another engine's repetitions of the same tests, taken in turn with the built-in engine's.
public struct PeerReport: Sendable {
  /// One repetition.
  public struct Sample: Sendable {
    public let seconds: Double
    public let tokens: Int
    public let energy: EnergySample

    public init(seconds: Double, tokens: Int, energy: EnergySample) {
      self.seconds = seconds
      self.tokens = tokens
      self.energy = energy
    }

    var rate: Double { Double(tokens) / seconds }
  }

  /// A test as the other engine did it, and the built-in engine's speed over it.
  public struct Test: Sendable {
    public let test: TestCase
    public let samples: [Sample]
    /// Built-in over peer; nil where a side has no sample.
    public let comparison: Comparison?

    public init(test: TestCase, samples: [Sample], own: [Double]) {
      self.test = test
      self.samples = samples.filter { $0.seconds > 0 && $0.tokens > 0 }
      comparison = Comparison(baseline: self.samples.map(\.rate), candidate: own)
    }

    public var summary: Summary? { Summary(samples.map(\.rate)) }

    /// Median over the repetitions that have a figure.
    public var joulesPerToken: Estimate? {
      func median(_ value: (Sample) -> Double?) -> Double? {
        Statistics.median(samples.compactMap { s in value(s).map { $0 / Double(s.tokens) } })
      }
      guard let best = median({ $0.energy.joules.value }) else { return nil }
      let low = median { $0.energy.low ?? $0.energy.joules.value } ?? best
      let high = median { $0.energy.high ?? $0.energy.joules.value } ?? best
      return try? Estimate(
        low: min(low, best), best: best, high: max(high, best),
        provenance: samples.map(\.energy).origin == .given ? .given : .estimated)
    }

    public var measurement: PhaseMeasurement {
      PhaseMeasurement(
        label: test.label, phase: test.phase, batch: test.batch,
        tokensPerSecond: samples.map(\.rate), joulesPerToken: joulesPerToken,
        energyReason: samples.first?.energy.joules.reason)
    }
  }

  public let name: String
  public let version: String?
  public let backends: String?
  public let tests: [Test]
  /// On the same assumptions as the built-in engine's.
  public let cost: RunCost?

  public init(name: String, version: String?, backends: String?, tests: [Test], cost: RunCost?) {
    self.name = name
    self.version = version
    self.backends = backends
    self.tests = tests
    self.cost = cost
  }
}
