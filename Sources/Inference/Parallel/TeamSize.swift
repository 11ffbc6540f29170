// How many of a team's threads take part while others want the processors too.

/// What a program needs most, which decides how soon it is better off with fewer threads.
public enum Demand: Sendable {
  /// Memory: fewer threads read nearly as fast.
  case bandwidth
  /// Processors: a thread less is its whole share less.
  case arithmetic
}

/// The number of threads that run a program together.
///
/// All threads meet at every barrier, so one that waits for a processor holds up the others: a team whose threads are
/// without one for shares of the time that sum to `s` goes on for about `1 - s` of it. Fewer threads are faster then,
/// which the scheduler can place beside what else runs, or which fit a quota. Now and then one more is tried.
package struct TeamSize {
  package let most: Int
  package private(set) var current: Int
  /// Threads more than before that are being tried.
  private var tried = 0
  /// The size before, and the share that each of its threads starved, until it is known whether fewer are better off.
  private var before: (size: Int, share: Double)?
  /// Starvation that fewer threads did not cure. It fades, so that they are tried again.
  private var accepted = 0.0
  /// The scheduler takes a moment to place fewer threads.
  private var isSettling = false
  /// Nanoseconds until one more is tried, and the next such wait.
  private var rest = Self.shortestRest
  private var nextRest = Self.shortestRest

  /// Nanoseconds over which shares are taken: several of a scheduler's time slices.
  package static let window = 20_000_000
  static let shortestRest = 10 * window
  package static let longestRest = 160 * window

  package init(_ most: Int) {
    self.most = most
    current = most
  }

  /// Decides how many threads run next.
  ///
  /// - Parameters:
  ///   - starved: Sum over the current threads of the share of the time each waited for a processor.
  ///   - elapsed: Nanoseconds since the last decision.
  package mutating func decide(starved: Double, elapsed: Int, demand: Demand) {
    let bound = Self.tolerated(demand, current)
    if isSettling {
      isSettling = false
    } else if let (size, share) = before {
      before = nil
      if starved > max(bound, 0.7 * share * Double(current)) {
        accepted = 2 * share * Double(size)
        resize(to: size)
      }
    } else if starved <= max(bound, accepted) {
      goOn(elapsed)
    } else if tried > 0 {
      resize(to: current - tried)
      rest = nextRest
      nextRest = min(2 * nextRest, Self.longestRest)
    } else if current > 1 {
      before = (current, starved / Double(current))
      resize(to: min(current - 1, max(1, Int(Double(current) - starved + 0.1))))
      isSettling = true
      rest = Self.shortestRest
    }
  }

  /// Nobody starves: more threads may.
  private mutating func goOn(_ elapsed: Int) {
    accepted *= 0.98
    rest -= elapsed
    if current == most {
      tried = 0
      nextRest = Self.shortestRest
    } else if tried > 0 || rest <= 0 {
      tried = min(max(1, 2 * tried), most - current)
      current += tried
    }
  }

  private mutating func resize(to size: Int) {
    current = size
    tried = 0
  }

  /// Where the loss of waiting for a starved thread passes that of going on without one: for bandwidth what the second of
  /// two threads gained on Zen 5 (granite Q4_0 decode, 117 and 135 tokens/s), for arithmetic its share of the work.
  private static func tolerated(_ demand: Demand, _ threads: Int) -> Double {
    switch demand {
    case .bandwidth: 0.15
    case .arithmetic: max(0.15, 1 / Double(threads))
    }
  }
}
