// Comparisons: Yuen's interval against scipy, claims in A/A runs, power against a slow-down.

import Foundation
import Measurement
import Testing

/// Normal noise by Box and Muller, from a seed.
private struct Noise {
  var generator: SeededGenerator

  init(seed: Int) { generator = SeededGenerator(seed: UInt64(seed) &* 0x9E37_79B9) }

  mutating func samples(_ count: Int, mean: Double, deviation: Double) -> [Double] {
    (0..<count).map { _ in
      let radius = (-2 * log(Double.random(in: 1e-12...1, using: &generator))).squareRoot()
      let angle = Double.random(in: 0..<(2 * .pi), using: &generator)
      return mean * (1 + deviation * radius * cos(angle))
    }
  }
}

@Suite struct ComparisonTests {
  /// scipy.stats.ttest_ind(log b, log a, equal_var=False).confidence_interval(0.99), exponentiated.
  @Test("the interval of the ratio is scipy's")
  func welch() throws {
    let comparison = try #require(
      Comparison(
        baseline: [100, 101, 99.5, 100.5, 100.2], candidate: [90, 91, 89.2, 90.5, 90.1, 90.7]))
    #expect(abs(comparison.ratio - 0.9003317962026849) < 1e-12)
    #expect(abs((comparison.low ?? 0) - 0.8892544716626515) < 1e-9)
    #expect(abs((comparison.high ?? 0) - 0.9115471094994527) < 1e-9)
    #expect(comparison.verdict == .worse)
    #expect(comparison.isRegression(threshold: 0.05))
    #expect(!comparison.isRegression(threshold: 0.20))
  }

  /// scipy.stats.ttest_ind(log b, log a, equal_var=False, trim=0.2).confidence_interval(0.99), exponentiated.
  @Test(
    "of eight samples and more the interval is scipy's of trimmed means, and an outlier changes little"
  )
  func yuen() throws {
    let baseline = [100, 101, 99.5, 100.5, 100.2, 99.8, 100.9, 99.1, 60, 100.4]
    let candidate = [90, 91, 89.2, 90.5, 90.1, 90.7, 89.9, 90.3]
    let comparison = try #require(Comparison(baseline: baseline, candidate: candidate))
    #expect(abs(comparison.ratio - 0.9018997123927501) < 1e-12)
    #expect(abs((comparison.low ?? 0) - 0.8932130735116279) < 1e-9)
    #expect(abs((comparison.high ?? 0) - 0.910670830215447) < 1e-9)
    #expect(comparison.verdict == .worse)
  }

  @Test("of 20 A/A comparisons at most one claims a difference", arguments: 0..<20)
  func falseClaims(batch: Int) throws {
    var noise = Noise(seed: batch)
    let claims = (0..<20).count { _ in
      let baseline = noise.samples(5, mean: 50, deviation: 0.02)
      let candidate = noise.samples(5, mean: 50, deviation: 0.02)
      let verdict = Comparison(baseline: baseline, candidate: candidate)?.verdict
      return verdict != .withinNoise
    }
    #expect(claims <= 1)
  }

  @Test("a slow-down of 10 % at 2 % noise is found in at least 18 of 20", arguments: 0..<20)
  func power(batch: Int) throws {
    var noise = Noise(seed: 1000 + batch)
    let found = (0..<20).count { _ in
      let baseline = noise.samples(5, mean: 50, deviation: 0.02)
      let candidate = noise.samples(5, mean: 45, deviation: 0.02)
      return Comparison(baseline: baseline, candidate: candidate)?.verdict == .worse
    }
    #expect(found >= 18)
  }

  /// Noise of 1.5 %, drift of up to 2 %, one repetition in twelve slowed by 5 to 30 %, and 0.6 % between processes.
  private func disturbed(_ mean: Double, _ noise: inout Noise) -> [Double] {
    let offset = noise.samples(1, mean: mean, deviation: 0.006)[0]
    let drift = Double.random(in: 0...0.02, using: &noise.generator)
    return noise.samples(10, mean: offset, deviation: 0.015).enumerated().map { index, rate in
      let isHit = Double.random(in: 0..<1, using: &noise.generator) < 1.0 / 12
      let loss = isHit ? Double.random(in: 0.05...0.3, using: &noise.generator) : 0
      return rate * (1 - drift * Double(index) / 9) * (1 - loss)
    }
  }

  @Test(
    "with drift, outliers and unlike processes at most 1 of 20 A/A comparisons claims a difference")
  func disturbedFalseClaims() {
    var noise = Noise(seed: 77)
    let claims = (0..<400).count { _ in
      let (a, b) = (disturbed(50, &noise), disturbed(50, &noise))
      return Comparison(baseline: a, candidate: b)?.verdict != .withinNoise
    }
    #expect(claims <= 20)
  }

  @Test("with drift, outliers and unlike processes 10 % are found in at least 18 of 20")
  func disturbedPower() {
    var noise = Noise(seed: 78)
    let found = (0..<400).count { _ in
      let (a, b) = (disturbed(50, &noise), disturbed(45, &noise))
      return Comparison(baseline: a, candidate: b)?.verdict == .worse
    }
    #expect(found >= 360)
  }

  @Test("lower is better for times")
  func times() {
    let comparison = Comparison(
      baseline: [1, 1.01, 0.99], candidate: [1.2, 1.21, 1.19], higherIsBetter: false)
    #expect(comparison?.verdict == .worse)
  }

  @Test("one sample a side claims nothing, and no positive sample compares to nothing")
  func few() {
    #expect(Comparison(baseline: [1], candidate: [2])?.verdict == .undetermined)
    #expect(Comparison(baseline: [], candidate: [2]) == nil)
    #expect(Comparison(baseline: [0, -1, .nan], candidate: [2]) == nil)
    #expect(Comparison(baseline: [2, 2], candidate: [2, 2])?.verdict == .withinNoise)
  }
}
