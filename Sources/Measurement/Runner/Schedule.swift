// The order of repetitions: round-robin over tests, each round shuffled by the plan's seed.

/// Interleaving spreads a slow minute of the machine over every test instead of one of them.
package enum Schedule {
  /// One repetition of one test, both counted from 0.
  package struct Step: Equatable, Sendable {
    package let test: Int
    package let repetition: Int
  }

  /// - Returns: `tests * repetitions` steps; each round visits every test once.
  package static func interleaved(tests: Int, repetitions: Int, seed: UInt64) -> [Step] {
    var generator = SeededGenerator(seed: seed)
    return (0..<repetitions).flatMap { round in
      (0..<tests).shuffled(using: &generator).map { Step(test: $0, repetition: round) }
    }
  }
}
