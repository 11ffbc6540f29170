// Statistics against numbers computed once with scipy 1.17.1 and numpy.

import Measurement
import Testing

private func close(_ a: Double?, _ b: Double, _ tolerance: Double = 1e-10) -> Bool {
  guard let a else { return false }
  return abs(a - b) <= tolerance * max(1, abs(b))
}

@Suite struct StatisticsTests {
  let few = [36.2, 35.9, 36.5, 36.1, 34.8]
  let many = [10.1, 10.4, 9.8, 10.0, 10.2, 10.3, 9.9, 10.6, 9.7, 10.05, 10.15, 13.0]

  @Test("median, mean, deviation and the t interval of five samples are scipy's")
  func fewSamples() throws {
    let summary = try #require(Summary(few))
    #expect(summary.median == 36.1)
    #expect(close(summary.mean, 35.9))
    #expect(close(summary.standardDeviation, 0.6519202405202665))
    #expect(close(summary.coefficientOfVariation, 0.018159338176051993))
    #expect(close(summary.standardError, 0.29154759474226577))
    #expect(close(summary.interval?.low, 35.090534107645645))
    #expect(close(summary.interval?.high, 36.70946589235435))
    #expect(summary.interval?.method == .studentT)
  }

  /// scipy.stats.bootstrap(median, BCa, 200,000 resamples) gives 9.95 … 10.35.
  @Test("the bootstrap interval of twelve samples is scipy's, whatever the seed")
  func manySamples() throws {
    for seed in 1...5 {
      let summary = try #require(Summary(many, seed: UInt64(seed)))
      #expect(summary.median == 10.125)
      #expect(close(summary.standardDeviation, 0.8715190500186755))
      #expect(summary.interval?.method == .bootstrap)
      #expect(close(summary.interval?.low, 9.95, 0.005))
      #expect(close(summary.interval?.high, 10.35, 0.005))
    }
  }

  @Test("the same seed gives the same interval")
  func reproducible() {
    #expect(Summary(many, seed: 7)?.interval == Summary(many, seed: 7)?.interval)
  }

  @Test(
    "Student's quantile is scipy's",
    arguments: [
      (0.975, 4, 2.7764451051977934), (0.995, 8, 3.355387331333395),
      (0.995, 3.7, 4.8692522532278275), (0.9, 1, 3.0776835371752544),
      (0.975, 1000, 1.9623390808264083), (0.9995, 2, 31.599054576445365),
    ])
  func studentQuantile(p: Double, freedom: Double, expected: Double) {
    #expect(close(Distribution.studentQuantile(p, degreesOfFreedom: freedom), expected, 1e-9))
  }

  @Test("cumulative and inverse functions are scipy's")
  func distributions() {
    #expect(close(Distribution.studentCDF(2, degreesOfFreedom: 5), 0.9490302605850708))
    #expect(close(Distribution.studentCDF(-1.3, degreesOfFreedom: 2.5), 0.15024339463535416))
    #expect(close(Distribution.normalQuantile(0.975), 1.959963984540054))
    #expect(close(Distribution.normalQuantile(0.001), -3.090232306167813))
    #expect(close(Distribution.normalQuantile(1e-10), -6.361340902404056, 1e-8))
  }

  @Test("quantiles interpolate as numpy's default does")
  func quantiles() {
    let sorted = many.sorted()
    #expect(close(Statistics.quantile(sorted: sorted, 0.25), 9.975))
    #expect(close(Statistics.quantile(sorted: sorted, 0.75), 10.325))
    #expect(close(Statistics.quantile(sorted: sorted, 0.1), 9.81))
  }

  @Test("outliers are named by Tukey's fences")
  func outliers() {
    let outliers = Outliers(many)
    #expect(outliers.classes.last == .highSevere)
    #expect(outliers.total == 1)
    #expect(Outliers([1, 2, 3]).total == 0)
    #expect(Outliers([10, 10, 10, 10, 9]).count(.lowSevere) == 1)
  }

  /// scipy.stats.theilslopes gives -0.68333 per second; p by the normal approximation with ties.
  @Test("drift is Theil-Sen's slope with Mann-Kendall's p")
  func drift() throws {
    let times = [0, 1, 2.5, 3, 4.2, 5, 6.1, 7]
    let values = [100, 99, 98.5, 98.7, 97, 96.5, 96.5, 95]
    let drift = try #require(Drift(times: times, values: values))
    #expect(close(drift.relativeChange, -0.04893435635123614))
    #expect(close(drift.pValue, 0.002769585154720983))
    #expect(drift.isNotable)
    #expect(Drift(times: [0, 1, 2, 3], values: [1, 1, 1, 1]) == nil)
    #expect(Drift(times: [0, 1, 2, 3, 4], values: [10, 11, 10, 11, 10])?.isNotable == false)
  }

  @Test("values that are not finite are counted and left out")
  func nonFinite() throws {
    let summary = try #require(Summary([1, .nan, 2, .infinity, 3]))
    #expect(summary.count == 3)
    #expect(summary.excluded == 2)
    #expect(summary.median == 2)
    #expect(Summary([.nan]) == nil)
    #expect(Summary([]) == nil)
  }

  @Test("one sample has no interval")
  func one() throws {
    let summary = try #require(Summary([5]))
    #expect(summary.interval == nil)
    #expect(summary.standardDeviation == nil)
  }

  @Test("the interval holds the median", arguments: 2...12, 0..<40)
  func holdsMedian(count: Int, seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let values = (0..<count).map { _ in Double.random(in: 1...2, using: &generator) }
    let skewed = values.map { $0 > 1.8 ? $0 * 50 : $0 }
    let summary = try #require(Summary(skewed))
    let interval = try #require(summary.interval)
    #expect(interval.low <= summary.median && summary.median <= interval.high, "seed \(seed)")
  }
}
