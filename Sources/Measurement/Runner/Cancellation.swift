// A flag that a signal handler may set.

import Synchronization

/// Asks a run to end after the repetition in progress. Setting it is one atomic store, which is
/// safe in a signal handler.
public final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  public init() {}

  public func cancel() { flag.store(true, ordering: .relaxed) }

  public var isCancelled: Bool { flag.load(ordering: .relaxed) }
}
