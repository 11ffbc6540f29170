// When requests are to be sent where they do not wait for one another.

import Foundation
import Measurement

/// Offsets of arrivals after the start of a level, endless and reproducible.
package struct ArrivalTimes: Sequence, IteratorProtocol {
  private let rate: Double
  private let isRandom: Bool
  private var generator: SeededGenerator
  private var time = 0.0

  /// - Returns: nil for a level that has no times of its own.
  package init?(_ arrivals: Arrivals, seed: UInt64) {
    switch arrivals {
    case .concurrent: return nil
    case .poisson(let rate): (self.rate, isRandom) = (rate, true)
    case .constant(let rate): (self.rate, isRandom) = (rate, false)
    }
    generator = SeededGenerator(seed: seed)
  }

  package mutating func next() -> Double? {
    defer {
      // The logarithm's argument is in (0, 1].
      let gap = isRandom ? -log(1 - Double.random(in: 0..<1, using: &generator)) : 1
      time += gap / rate
    }
    return time
  }
}
