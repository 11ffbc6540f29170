// Routing that is given instead of computed, for synthetic weights: how load falls on experts is an input.

/// How tokens are spread over experts.
public enum RoutingDistribution: Sendable, Equatable {
  /// Every expert is as likely as any other.
  case uniform
  /// The expert of rank r is chosen with a weight of `(r + 1)^-exponent`; ranks are shuffled in every layer.
  case zipf(exponent: Double)
  /// Every token of a layer chooses the same experts.
  case single
  /// As a model's own routers chose once, position by position, from the beginning again where the record ends.
  case trace(RoutingTrace)
}

/// Draws experts without regard to scores, the same for the same seed, layer and position.
public final class ForcedRouting {
  public let distribution: RoutingDistribution
  private let seed: UInt64
  /// Cumulative weights by expert, `[mixtures][experts]`.
  private let cumulative: [[Double]]

  public init(_ distribution: RoutingDistribution, shapes: [MixtureShape], seed: UInt64) {
    self.distribution = distribution
    self.seed = seed
    cumulative = shapes.enumerated().map { mixture, shape in
      var generator = SplitMix64(seed: seed &+ UInt64(mixture) &* 0x9E37_79B9_7F4A_7C15)
      var ranks = Array(0..<shape.experts)
      ranks.shuffle(using: &generator)
      var sum = 0.0
      return ranks.map { rank in
        switch distribution {
        case .uniform, .single, .trace: sum += 1
        case .zipf(let exponent): sum += Double.power(Double(rank + 1), -exponent)
        }
        return sum
      }
    }
  }

  /// Puts `k` different experts into `out`; always true, false stands for "no override".
  func draw(
    layer: Int, sequence: Int, position: Int, experts: Int, k: Int,
    into out: UnsafeMutablePointer<Int32>
  ) -> Bool {
    if case .trace(let trace) = distribution {
      return trace.replay(
        mixture: layer, sequence: sequence, position: position, k: k, into: out)
    }
    // One position for all: then all draw the same.
    let place = distribution == .single ? 0 : sequence << 32 ^ position
    let key = UInt64(truncatingIfNeeded: layer << 48 ^ place)
    var generator = SplitMix64(seed: seed ^ key &* 0xD134_2543_DE82_EF95)
    let weights = cumulative[layer]
    var filled = 0
    // Drawing again on a repeat is sampling without replacement; a heavy tail may need many tries, so they are
    // limited and the rest is filled from the first experts that are free.
    var tries = 0
    while filled < k && tries < 64 * k {
      tries += 1
      let target = generator.unit() * (weights.last ?? 1)
      let expert = Int32(truncatingIfNeeded: firstIndex(in: weights, above: target))
      if !contains(out, filled, expert) {
        out[filled] = expert
        filled += 1
      }
    }
    var candidate: Int32 = 0
    while filled < k {
      if !contains(out, filled, candidate) {
        out[filled] = candidate
        filled += 1
      }
      candidate += 1
    }
    return true
  }

  private func contains(_ out: UnsafeMutablePointer<Int32>, _ count: Int, _ value: Int32) -> Bool {
    for i in 0..<count where out[i] == value { return true }
    return false
  }

  private func firstIndex(in weights: [Double], above target: Double) -> Int {
    var low = 0
    var high = weights.count - 1
    while low < high {
      let middle = (low + high) / 2
      if weights[middle] > target { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
