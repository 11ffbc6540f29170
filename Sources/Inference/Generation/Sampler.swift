// Chooses the next token from the model's scores: greedy, or drawn with temperature and top-p.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Draws tokens from scores. The same seed and the same scores give the same tokens.
public struct Sampler: Sendable {
  private let temperature: Double
  private let topP: Double
  private var random: SplitMix64
  private var weights: [Double] = []
  private var candidates: [Int] = []

  /// - Parameters:
  ///   - temperature: Divides the scores; 0 takes the largest.
  ///   - topP: Draws from the fewest tokens whose probabilities reach this sum (Holtzman et al. 2020,
  ///     section 3.1), in `0 < topP <= 1`.
  /// - Throws: ``EngineError/usage(_:)`` if a value is out of its limits.
  public init(temperature: Double = 0, topP: Double = 1, seed: UInt64 = 0) throws(EngineError) {
    guard temperature.isFinite, temperature >= 0 else {
      throw .usage("temperature \(temperature) is not a number from 0 up")
    }
    guard topP > 0, topP <= 1 else {
      throw .usage("top-p \(topP) is not above 0 and at most 1")
    }
    self.temperature = temperature
    self.topP = topP
    random = SplitMix64(seed: seed)
  }

  /// The next token. Ties go to the lowest id.
  ///
  /// - Parameter scores: `[vocabulary]`.
  /// - Throws: ``EngineError/nonFinite(place:)`` if a score is not a finite number.
  /// - Complexity: O(vocabulary), with top-p also the sorting of the likely tokens. The buffers are
  ///   allocated by the first call.
  public mutating func next(_ scores: Span<Float>) throws(EngineError) -> Int {
    let best = try Self.greedy(scores)
    guard temperature > 0 else { return best }
    let total = weigh(scores, largest: Double(scores[best]))
    guard topP < 1 else { return draw(total, from: 0..<weights.count) { $0 } }
    let limit = chooseNucleus(total)
    let candidates = candidates
    let sum = candidates[..<limit].reduce(0) { $0 + weights[$1] }
    return draw(sum, from: 0..<limit) { candidates[$0] }
  }

  /// The token with the largest score, the lowest id among equals.
  public static func greedy(_ scores: Span<Float>) throws(EngineError) -> Int {
    guard !scores.isEmpty else { throw .usage("no scores to choose a token from") }
    var best = 0
    for index in scores.indices {
      guard scores[index].isFinite else { throw .nonFinite(place: "the score of token \(index)") }
      if scores[index] > scores[best] { best = index }
    }
    return best
  }

  /// Fills `weights` with unnormalised probabilities, of which the largest is 1.
  private mutating func weigh(_ scores: Span<Float>, largest: Double) -> Double {
    if weights.count != scores.count {
      weights = [Double](repeating: 0, count: scores.count)
      candidates.reserveCapacity(scores.count)
    }
    var total = 0.0
    for index in scores.indices {
      weights[index] = exp((Double(scores[index]) - largest) / temperature)
      total += weights[index]
    }
    return total
  }

  /// Puts the likely tokens first in `candidates`.
  ///
  /// - Returns: How many of them reach `topP` of `total`.
  private mutating func chooseNucleus(_ total: Double) -> Int {
    // Tokens below this add up to less than what top-p leaves out, so they need no sorting.
    let floor = (1 - topP) * total / Double(weights.count)
    candidates.removeAll(keepingCapacity: true)
    for index in weights.indices where weights[index] >= floor { candidates.append(index) }
    let weights = weights
    candidates.sort { (weights[$0], $1) > (weights[$1], $0) }
    var sum = 0.0
    for (number, token) in candidates.enumerated() {
      sum += weights[token]
      if sum >= topP * total { return number + 1 }
    }
    return candidates.count
  }

  private mutating func draw(
    _ sum: Double, from places: Range<Int>, _ token: (Int) -> Int
  ) -> Int {
    var left = random.unit() * sum
    var last = token(0)
    for place in places {
      let weight = weights[token(place)]
      if weight > 0 { last = token(place) }
      left -= weight
      if left < 0 { return token(place) }
    }
    // Rounding can leave a little over: the last token that can be drawn.
    return last
  }
}
