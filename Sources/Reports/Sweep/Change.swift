// Two measured speeds set beside each other: how they differ, and whether that is known at all.

import CostModel

/// A change of speed.
struct Change {
  let from: Estimate
  let to: Estimate

  /// Nil where a side was not measured.
  init?(_ from: Estimate?, _ to: Estimate?) {
    guard let from, let to, from.best > 0, to.best > 0 else { return nil }
    (self.from, self.to) = (from, to)
  }

  var ratio: Double { to.best / from.best }

  /// Where the intervals meet, the sign of the difference is not known.
  var isNoise: Bool { from.low <= to.high && to.low <= from.high }

  /// Beyond the noise.
  var isSlower: Bool { !isNoise && ratio < 1 }

  /// `0.76 times`, or that it is not known to differ.
  var factor: String { Number.short(ratio) + " times" + (isNoise ? ", within the noise" : "") }

  var words: String {
    "from \(Number.short(from.best)) to \(Number.short(to.best)) tokens/s (\(factor))"
  }
}
