// One raw repetition, kept for ever so that any statistic can be recomputed.

/// A repetition with everything that was observed around it.
public struct Sample: Sendable, Equatable {
  /// Counts from 0 within its test.
  public let repetition: Int
  /// Start, seconds after the run began, monotonic.
  public let startOffset: Double
  public let seconds: Double
  public let tokens: Int
  public let energy: EnergySample
  public let disturbance: Disturbance
  /// The engine's own telemetry.
  public let work: Repetition

  /// `nil` where no time passed or no token came: not measurable, never infinite.
  public var tokensPerSecond: Double? {
    seconds > 0 && tokens > 0 ? Double(tokens) / seconds : nil
  }
}

/// The samples of one test, warm-up apart.
public struct TestResult: Sendable, Equatable {
  public let test: TestCase
  /// Runs before the repetitions; the first is the cold one. Not part of any statistic.
  public internal(set) var warmUp: [Sample] = []
  /// False where automatic warm-up reached its bound before the rate was stable; `nil` where not told.
  public internal(set) var warmUpWasStable: Bool?
  public internal(set) var samples: [Sample] = []

  package init(test: TestCase) { self.test = test }

  /// Rates of the samples that have one.
  public var tokensPerSecond: [Double] { samples.compactMap(\.tokensPerSecond) }

  /// `nil` where nothing was measurable.
  public func summary(seed: UInt64 = 1) -> Summary? {
    let timed = samples.compactMap { sample in
      sample.tokensPerSecond.map { (time: sample.startOffset, rate: $0) }
    }
    return Summary(timed.map(\.rate), times: timed.map(\.time), seed: seed)
  }
}

/// How a run ended.
public enum RunStatus: String, Sendable {
  case complete, interrupted
}

/// Everything a run observed, finished or not.
public struct RunOutcome<Failure: Error>: Sendable {
  public internal(set) var status: RunStatus = .complete
  public internal(set) var results: [TestResult]
  /// Tests that could not be done or finished, with the workload's reason.
  public internal(set) var failures: [(test: TestCase, error: Failure)] = []
  public let plannedSamples: Int
  /// Length of the run, seconds.
  public internal(set) var seconds = 0.0
  public internal(set) var firstCounters: CounterSnapshot
  public internal(set) var lastCounters: CounterSnapshot

  public var doneSamples: Int { results.reduce(0) { $0 + $1.samples.count } }

  /// Over the whole run: short samples see few ticks of /proc/stat.
  public var disturbance: Disturbance { Disturbance(from: firstCounters, to: lastCounters) }
}
