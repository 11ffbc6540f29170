// Coverage of experts, memory, and predictions from limits of round numbers: against their definitions.

import Analysis
import CostModel
import Measurement
import Testing

@Suite struct CoverageTests {
  @Test("one token wakes its own experts, many tokens wake all, two overlap by chance")
  func coverage() {
    func awake(_ tokens: Double) -> Double {
      ExpertCoverage.expected(experts: 64, expertsPerToken: 8, tokens: tokens)
    }
    #expect(abs(awake(1) - 8) < 1e-9)
    #expect(abs(awake(2) - (16 - 64 * (8.0 / 64) * (8.0 / 64))) < 1e-9)
    #expect(abs(awake(1000) - 64) < 1e-9)
    #expect(ExpertCoverage.expected(experts: 0, expertsPerToken: 0, tokens: 4) == 0)
  }

  @Test("an even load has no inequality, a load on one expert all there can be")
  func inequality() throws {
    #expect(abs(try #require(ExpertCoverage.gini([5, 5, 5, 5]))) < 1e-12)
    #expect(abs(try #require(ExpertCoverage.gini([0, 0, 0, 9])) - 0.75) < 1e-12)
    #expect(ExpertCoverage.gini([0, 0]) == nil)
    #expect(ExpertCoverage.hotShare([1, 1, 2]) == 0.5)
    #expect(ExpertCoverage.hotShare(Array(repeating: 3, count: 40)) == 0.1)
    #expect(ExpertCoverage.hotShare([]) == nil)
  }
}

@Suite struct SpeedModelTests {
  private static func known(_ rate: Double) -> Reading<Rate> {
    .known(Rate(median: rate, low: rate, high: rate, minimum: rate, maximum: rate, count: 3))
  }

  /// 10 GB/s, one byte a weight, 100 billion weights a second a row in cache, nothing else.
  private static let limits = MachineLimits(
    measuredAt: "2026-11-21T00:00:00Z", threads: 2, instructionSet: "reference",
    bandwidth: [.init(size: 2, rate: known(10e9))], smallPageBandwidth: known(10e9),
    floatPeak: known(200e9), integerPeak: known(800e9),
    floatRates: [], integerRates: [],
    products: [
      ProductCurve(
        format: "q8_0",
        streamed: [1, 10, 100].map {
          .init(size: $0, rate: known(min(10e9, 100e9 / Double($0))))
        },
        resident: [1, 10, 100].map { .init(size: $0, rate: known(100e9 / Double($0))) })
    ], layers: known(1e12), attention: known(1e15), references: [], stealShare: nil)

  private static let work = ModelWork(
    layers: 1, shared: [.init(format: "q8_0", weights: 1e9, bytes: 1e9)], head: [],
    mixtures: [
      .init(
        experts: 10, expertsPerToken: 1,
        products: [.init(format: "q8_0", weights: 1e9, bytes: 1e9)])
    ], attentions: [], cacheBytesPerPosition: 0, stateBytes: 0,
    stateMultiplicationsPerToken: 0)

  private static func snapshot(
    _ time: Double, _ busy: UInt64, _ idle: UInt64, _ steal: UInt64, own: Double
  ) -> CounterSnapshot {
    let none = "not read in tests"
    return CounterSnapshot(
      cpu: .known(.init(busy: busy, idle: idle, steal: steal)), processSeconds: own,
      majorFaults: 0, minorFaults: 0, cgroupThrottledSeconds: .unknown(reason: none),
      thermalThrottles: .unknown(reason: none), frequencyMHz: .unknown(reason: none), time: time,
      logicalCPUs: 2)
  }

  @Test(
    "limits of a busy machine say so and are not kept; those of a quiet one are",
    arguments: [
      (100, 0, nil), (130, 0, "other programs used 15 % of the CPUs"),
      (100, 6, "another guest took 3 % of this machine"),
    ] as [(UInt64, UInt64, String?)])
  func disturbed(busy: UInt64, steal: UInt64, reason: String?) throws {
    var limits = Self.limits
    // One second of two CPUs at 100 ticks a second, half of it this process's own.
    limits.note(
      Disturbance(
        from: Self.snapshot(0, 0, 0, 0, own: 0),
        to: Self.snapshot(1, busy, 200 - busy - steal, steal, own: 1)))
    #expect(limits.ownShare == 0.5)
    if let reason {
      #expect(limits.disturbed?.contains(reason) == true)
    } else {
      #expect(limits.disturbed == nil)
    }
    limits.noise = NoiseFloor(work: "a test", repetitions: 14, coefficientOfVariation: 0.02)
    let bytes = Array(try limits.document.text().utf8)
    #expect(try MachineLimits(parsing: bytes, file: "limits.json") == limits)
  }

  /// Welch's half width with 8 degrees of freedom and a power of 0.8: t(0.995) + t(0.8) = 3.3554 + 0.8889.
  @Test("the noise floor is what five repetitions a side can tell apart, and never below the bound")
  func noise() {
    let noise = NoiseFloor(work: "x", repetitions: 14, coefficientOfVariation: 0.02)
    #expect(abs(noise.smallestDifference - 4.24427 * 0.02 * 0.632456) < 1e-5)
    let quiet = NoiseFloor(work: "x", repetitions: 14, coefficientOfVariation: 0.001)
    #expect(quiet.smallestDifference == Comparison.defaultNoiseFloor)
  }

  @Test("decode of one sequence takes the time of reading its shared weights and its expert")
  func decode() throws {
    let time = try SpeedModel(Self.limits).decodeStep(Self.work, batch: 1, position: 0)
    #expect(abs(time.total - 0.2) < 1e-6)
    #expect(abs(time.experts - 0.1) < 1e-6)
  }

  @Test("a prompt takes the time of its operations")
  func prefill() throws {
    let time = try SpeedModel(Self.limits).prefill(Self.work, tokens: 100, depth: 0)
    // Each of 100 rows through 1e9 shared weights; each expert gets a tenth of the rows.
    #expect(abs(time.shared - 1) < 1e-6)
    #expect(abs(time.experts - 1) < 0.01)
  }

  @Test("a state is carried on once a token, in a prompt as in decoding")
  func recurrence() throws {
    var work = Self.work
    work.stateMultiplicationsPerToken = 1e12
    let model = try SpeedModel(Self.limits)
    #expect(abs(try model.prefill(work, tokens: 100, depth: 9).attention - 0.1) < 1e-9)
    #expect(abs(try model.decodeStep(work, batch: 3, position: 0).attention - 0.003) < 1e-9)
  }

  @Test(
    "a limit that does not bind does not help: more cores speed up prompts, more bandwidth decode")
  func change() throws {
    let wide = try SpeedModel(Self.limits, change: MachineChange(bandwidth: 20e9))
    let many = try SpeedModel(Self.limits, change: MachineChange(cores: 4))
    let step = try wide.decodeStep(Self.work, batch: 1, position: 0).total
    #expect(abs(step - 0.1) < 1e-6)
    #expect(abs(try many.decodeStep(Self.work, batch: 1, position: 0).total - 0.2) < 1e-6)
    #expect(abs(try many.prefill(Self.work, tokens: 100, depth: 0).shared - 0.5) < 1e-6)
    #expect(abs(try wide.prefill(Self.work, tokens: 100, depth: 0).shared - 1) < 1e-6)
  }

  @Test("a format that was not timed is an error that names it")
  func unknownFormat() throws {
    var work = Self.work
    work.shared = [.init(format: "q2_k", weights: 1, bytes: 1)]
    let model = try SpeedModel(Self.limits)
    #expect(throws: SpeedError.formatNotTimed("q2_k")) {
      try model.decodeStep(work, batch: 1, position: 0)
    }
  }

  @Test("predictions are scaled by measurements of their phase, those of their format first")
  func correction() {
    func error(_ format: String, _ phase: Phase, _ ratio: Double) -> PredictionError {
      PredictionError(
        model: "m", format: format, label: "t", phase: phase, predicted: 100,
        measured: 100 * ratio)
    }
    let correction = SpeedCorrection([
      error("q8_0", .decode, 0.8), error("q4_0", .decode, 0.5), error("q8_0", .prefill, 2),
    ])
    #expect(correction.apply(10, phase: .decode, format: "q8_0").best == 8)
    #expect(correction.apply(10, phase: .decode, format: "q4_0").best == 5)
    #expect(correction.apply(10, phase: .prefill, format: "q4_0").best == 20)
    let none = SpeedCorrection().apply(10, phase: .decode, format: "q8_0")
    #expect(none.best == 10 && none.low < 10 && none.high > 10)
  }

  @Test(
    "what needs more than there is does not fit, and the smallest machine that holds it is named")
  func memory() {
    let fit = MemoryFit(weightBytes: 60e9, cacheBytes: 5e9, availableBytes: 20e9)
    #expect(fit.fits == false)
    #expect(fit.machineGB == 96)
    #expect(MemoryFit(weightBytes: 1e9, cacheBytes: 0, availableBytes: 20e9).fits == true)
    #expect(MemoryFit(weightBytes: 1e15, cacheBytes: 0, availableBytes: nil).machineGB == nil)
    #expect(MemoryFit(weightBytes: 1e9, cacheBytes: 0, availableBytes: nil).fits == nil)
  }
}
