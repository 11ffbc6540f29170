// What a run sends: levels of load, each warmed up, measured and cooled down.

import Measurement

/// The load on a server.
public struct LoadPlan: Sendable {
  public var levels: [Arrivals]
  /// Measured requests a level.
  public var requests: Int
  /// Requests before each level that are not measured; nil: as many as are in flight, at most 8.
  public var warmUp: Int?
  /// Whether the load is kept up until the last measured request has ended.
  public var coolsDown = true
  /// Whether each level is followed by one with the same prompts.
  public var repeatsPrompts = false
  public var seed: UInt64 = 1

  public init(levels: [Arrivals], requests: Int) {
    self.levels = levels
    self.requests = requests
  }

  func warmUp(_ level: Arrivals) -> Int {
    if let warmUp { return warmUp }
    if case .concurrent(let count) = level { return min(count, 8) }
    return 1
  }
}

/// What a run came to.
public struct LoadOutcome: Sendable {
  public var levels: [LoadLevel] = []
  public var isInterrupted = false
  /// Why it ended early, where it did.
  public var stopped: String?

  public var measured: [ServedRequest] { levels.flatMap(\.measured) }
  public var succeeded: Int { levels.reduce(0) { $0 + $1.succeeded.count } }
}
