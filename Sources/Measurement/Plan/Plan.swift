// What to measure, as a grid of sizes, and how often.

/// How many untimed runs precede the repetitions.
public enum WarmUp: Sendable, Equatable {
  /// Until the rate is stable.
  case automatic
  case fixed(Int)
}

/// Why a plan cannot be expanded into tests.
public enum PlanError: Error, Equatable, Sendable, CustomStringConvertible {
  case nothingToMeasure
  case tooManyTests(count: Int, limit: Int)
  case tooManyTokens(label: String, tokens: Int, limit: Int)
  case repetitionsOutOfBounds(Int, ClosedRange<Int>)
  case warmUpOutOfBounds(Int, ClosedRange<Int>)

  public var description: String {
    switch self {
    case .nothingToMeasure:
      "--prompt-tokens, --gen-tokens: both are 0, so there is nothing to measure"
    case .tooManyTests(let count, let limit):
      "the lists multiply to \(count) tests; at most \(limit) are run at once"
    case .tooManyTokens(let label, let tokens, let limit):
      "\(label): \(tokens) tokens held at once; at most \(limit)"
    case .repetitionsOutOfBounds(let count, let bounds):
      "--repetitions \(count): must be between \(bounds.lowerBound) and \(bounds.upperBound)"
    case .warmUpOutOfBounds(let count, let bounds):
      "--warmup \(count): must be between \(bounds.lowerBound) and \(bounds.upperBound), or auto"
    }
  }
}

/// A grid of tests, as the options of `moebench run` give it.
public struct Plan: Sendable, Equatable {
  public static let repetitionBounds = 1...10_000
  public static let warmUpBounds = 0...1000
  public static let testLimit = 10_000
  /// Tokens of all sequences held at once: depth and work together.
  public static let tokenLimit = 1 << 30

  public var promptTokens: [Int]
  public var generatedTokens: [Int]
  public var depths: [Int]
  public var batches: [Int]
  public var threads: [Int]
  public var repetitions: Int
  public var warmUp: WarmUp
  /// Orders the repetitions; also given to whatever draws random tokens.
  public var seed: UInt64
  /// Forms of the model that an experiment compares, every test on each; `[nil]` where there is one.
  public var variants: [String?]

  public init(
    promptTokens: [Int] = [512], generatedTokens: [Int] = [128], depths: [Int] = [0],
    batches: [Int] = [1], threads: [Int], repetitions: Int = 5, warmUp: WarmUp = .automatic,
    seed: UInt64 = 1, variants: [String?] = [nil]
  ) {
    self.variants = variants
    self.promptTokens = promptTokens
    self.generatedTokens = generatedTokens
    self.depths = depths
    self.batches = batches
    self.threads = threads
    self.repetitions = repetitions
    self.warmUp = warmUp
    self.seed = seed
  }

  /// Every test of the grid: by thread count, then depth, prefill before decode.
  ///
  /// A size of 0 leaves its phase out, as in llama-bench. Prefill reads one prompt at a time, so
  /// the batch list multiplies decode alone.
  /// - Throws: `PlanError` where the grid is empty, too large, or a count is out of bounds.
  public func tests() throws(PlanError) -> [TestCase] {
    try checkCounts()
    try checkSize()
    let tests = variants.flatMap(grid)
    guard !tests.isEmpty else { throw PlanError.nothingToMeasure }
    for test in tests { try checkTokens(test) }
    return tests
  }

  private func grid(of variant: String?) -> [TestCase] {
    var tests: [TestCase] = []
    for count in threads {
      for depth in depths {
        for size in promptTokens where size > 0 {
          tests.append(
            TestCase(
              phase: .prefill, promptTokens: size, generatedTokens: 0, depth: depth,
              threads: count, variant: variant))
        }
        for size in generatedTokens where size > 0 {
          for batch in batches {
            tests.append(
              TestCase(
                phase: .decode, promptTokens: 0, generatedTokens: size, depth: depth,
                batch: batch, threads: count, variant: variant))
          }
        }
      }
    }
    return tests
  }

  private func checkCounts() throws(PlanError) {
    guard Self.repetitionBounds.contains(repetitions) else {
      throw PlanError.repetitionsOutOfBounds(repetitions, Self.repetitionBounds)
    }
    if case .fixed(let count) = warmUp, !Self.warmUpBounds.contains(count) {
      throw PlanError.warmUpOutOfBounds(count, Self.warmUpBounds)
    }
  }

  /// Lists hold at most `ListGrammar.limit` values each where they were parsed; a plan built by
  /// hand may hold more, so the product is checked as it grows.
  private func checkSize() throws(PlanError) {
    let sizes = [
      promptTokens.count + generatedTokens.count * batches.count, depths.count, variants.count,
    ]
    var count = threads.count
    for size in sizes {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      count = overflow ? Int.max : product
    }
    guard count <= Self.testLimit else {
      throw PlanError.tooManyTests(count: count, limit: Self.testLimit)
    }
  }

  private func checkTokens(_ test: TestCase) throws(PlanError) {
    let length = (test.promptTokens + test.generatedTokens).addingReportingOverflow(test.depth)
    let held = length.partialValue.multipliedReportingOverflow(by: test.batch)
    let tokens = length.overflow || held.overflow ? Int.max : held.partialValue
    guard tokens <= Self.tokenLimit else {
      throw PlanError.tooManyTokens(label: test.label, tokens: tokens, limit: Self.tokenLimit)
    }
  }
}
