// How far a run is, for whoever draws it.

/// Sent before every run of a test.
public struct RunProgress: Sendable, Equatable {
  /// Runs are counted from 0.
  public enum Stage: Sendable, Equatable {
    case warmUp(run: Int)
    case repetition(Int, of: Int)
  }

  public let test: TestCase
  public let stage: Stage
  /// Repetitions of all tests.
  public let done: Int
  public let planned: Int
  /// Estimate from the runs so far; `nil` before any.
  public let secondsLeft: Double?
}

/// Expects each test to take as long as its latest run did, and unknown tests the mean of the rest.
struct TimeEstimate {
  private var latest: [TestCase: Double] = [:]

  mutating func record(_ test: TestCase, seconds: Double) { latest[test] = seconds }

  /// - Parameter remaining: Runs still to do of each test.
  func seconds(remaining: [TestCase: Int]) -> Double? {
    guard let mean = Statistics.mean(Array(latest.values)) else { return nil }
    return remaining.reduce(0) { $0 + Double($1.value) * (latest[$1.key] ?? mean) }
  }
}
