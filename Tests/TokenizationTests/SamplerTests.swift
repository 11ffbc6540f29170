// The next token from scores: the largest, or drawn as a seed says.

import Inference
import Testing

@Suite struct SamplerTests {
  @Test("without a temperature the largest score wins, at ties the lowest id")
  func greedy() throws {
    var sampler = try Sampler()
    #expect(try sampler.next([1, 3, 3, 2].span) == 1)
    #expect(try sampler.next([-5].span) == 0)
  }

  @Test("a score that is not finite is an error", arguments: [Float.nan, .infinity, -.infinity])
  func nonFinite(value: Float) throws {
    var sampler = try Sampler(temperature: 1)
    #expect(throws: EngineError.nonFinite(place: "the score of token 2")) {
      try sampler.next([0, 1, value].span)
    }
    #expect(throws: EngineError.self) { try sampler.next([Float]().span) }
  }

  @Test("the same seed draws the same tokens, another seed others")
  func seeded() throws {
    let scores: [Float] = (0..<50).map { Float($0 % 7) }
    func draws(_ seed: UInt64) throws -> [Int] {
      var sampler = try Sampler(temperature: 0.9, topP: 0.95, seed: seed)
      return try (0..<40).map { _ in try sampler.next(scores.span) }
    }
    #expect(try draws(3) == draws(3))
    #expect(try draws(3) != draws(4))
  }

  @Test(
    "tokens are drawn as often as their probabilities say",
    arguments: [(0.5, 7.389), (1, 2.718), (2, 1.649)])
  func frequencies(temperature: Double, ratio: Double) throws {
    let scores: [Float] = [0, 1, 2]
    var sampler = try Sampler(temperature: temperature, seed: 1)
    var counts = [0, 0, 0]
    for _ in 0..<20_000 { counts[try sampler.next(scores.span)] += 1 }
    // Five standard errors of the rarer token's count stay below 12 % of it.
    #expect(abs(Double(counts[2]) / Double(counts[1]) / ratio - 1) < 0.12, "\(counts)")
  }

  @Test("top-p draws from the fewest tokens that reach it")
  func nucleus() throws {
    // Probabilities 0.644, 0.237, 0.087, 0.032.
    let scores: [Float] = [0, 3, 1, 2]
    for (topP, allowed) in [(0.5, [1]), (0.7, [1, 3]), (0.9, [1, 2, 3]), (1, [0, 1, 2, 3])] {
      var sampler = try Sampler(temperature: 1, topP: topP, seed: 9)
      var seen: Set<Int> = []
      for _ in 0..<2000 { seen.insert(try sampler.next(scores.span)) }
      #expect(seen.sorted() == allowed, "top-p \(topP)")
    }
  }

  @Test("temperatures and top-p out of their limits are refused")
  func limits() {
    for (temperature, topP) in [
      (-1.0, 1.0), (.nan, 1), (.infinity, 1), (1, 0), (1, 1.5), (1, .nan),
    ] {
      #expect(throws: EngineError.self) { try Sampler(temperature: temperature, topP: topP) }
    }
  }
}
