// One thread's part of a program, and how the team's threads share work out.

import Synchronization

/// One thread's place in a pool: which part of the work is its own, and where it meets the others.
public final class Worker: @unchecked Sendable {
  public let index: Int
  /// Workers that run the current program, this one among them.
  public private(set) var count: Int
  /// Memory all workers see; take and release in the same order on every worker.
  var arena: Arena
  /// Memory of this worker alone.
  var local: Arena
  /// How long its thread waits for a processor; set by that thread, before its first run ends.
  var queue: RunQueue?
  private let rendezvous: Rendezvous
  private let claims: Claims
  private var loop = 0
  private var bases: [Int]

  init(index: Int, rendezvous: Rendezvous, claims: Claims, arena: Arena, local: Arena) {
    self.index = index
    count = 1
    self.rendezvous = rendezvous
    self.claims = claims
    self.arena = arena
    self.local = local
    bases = Array(repeating: 0, count: Claims.loops)
  }

  /// Runs a program as one of `count` workers, all of which begin with all claims given back. The barrier that ends the
  /// run is the caller's, who must have let go of the program by then: after it, the program may be gone.
  func run(_ program: any ParallelProgram, of count: Int) {
    self.count = count
    loop = 0
    for counter in bases.indices { bases[counter] = 0 }
    // All begin together: a caller that went ahead could do its part, and sleep, before the thread it has woken got off
    // its processor, and again the next time, one at work and one asleep, on one processor for good.
    barrier()
    program.run(self)
  }

  /// Waits until every worker is here; what any wrote before is visible to all after.
  @inline(__always)
  public func barrier() { if count > 1 { rendezvous.wait() } }

  /// This worker's contiguous share of `0..<n`.
  @inline(__always)
  public func share(of n: Int) -> Range<Int> {
    (n * index / count)..<(n * (index + 1) / count)
  }

  /// Calls `body` with pieces of `0..<n`, each piece on whichever worker is free first.
  ///
  /// At most ``Claims/loops`` such loops may lie between two barriers.
  @inline(__always)
  public func claim(_ n: Int, by size: Int, _ body: (Range<Int>) -> Void) {
    let pieces = (n + size - 1) / size
    if count == 1 {
      for piece in 0..<pieces { body((piece * size)..<min(n, (piece + 1) * size)) }
      return
    }
    let counter = loop % Claims.loops
    // Every worker overshoots the last piece exactly once, so all know where the counter stands afterwards.
    let base = bases[counter]
    while true {
      let piece = claims.next(counter) - base
      if piece >= pieces { break }
      body((piece * size)..<min(n, (piece + 1) * size))
    }
    bases[counter] = base + pieces + count
    loop += 1
  }

  /// Calls `body` with pieces of `0..<n`, each a multiple of `unit` and on whichever worker is free first. The workers
  /// share most of it evenly, then most of the rest, and so on to single units: streams of weights are long, since a
  /// short one spends its time on its beginning, and all workers still finish together, whatever else their cores do.
  ///
  /// Counts as one of the loops of ``claim(_:by:_:)``.
  @inline(__always)
  public func divide(_ n: Int, by unit: Int, _ body: (Range<Int>) -> Void) {
    if count == 1 {
      if n > 0 { body(0..<n) }
      return
    }
    let counter = loop % Claims.loops
    let base = bases[counter]
    let units = (n + unit - 1) / unit
    // Every worker walks the same boundaries to the piece it drew, and in the end past the last.
    var (pieces, start, end, size) = (0, 0, 0, 0)
    while true {
      let piece = claims.next(counter) - base
      while pieces <= piece && end < units {
        if pieces % count == 0 { size = max(1, 3 * (units - end) / (4 * count)) }
        start = end
        end = min(units, end + size)
        pieces += 1
      }
      if pieces <= piece { break }
      body((start * unit)..<min(n, end * unit))
    }
    bases[counter] = base + pieces + count
    loop += 1
  }
}

/// Shared counters of the loops that are claimed piece by piece.
final class Claims: @unchecked Sendable {
  static let loops = 16
  // Two counters never share a cache line.
  private let memory: UnsafeMutablePointer<Padded>

  private struct Padded: ~Copyable {
    let value = Atomic<Int>(0)
    let padding: (Int, Int, Int, Int, Int, Int, Int) = (0, 0, 0, 0, 0, 0, 0)
  }

  init() {
    memory = .allocate(capacity: Self.loops)
    for index in 0..<Self.loops { (memory + index).initialize(to: Padded()) }
  }

  deinit {
    memory.deinitialize(count: Self.loops)
    memory.deallocate()
  }

  /// While no worker claims anything.
  func reset() {
    for index in 0..<Self.loops { memory[index].value.store(0, ordering: .relaxed) }
  }

  @inline(__always)
  func next(_ counter: Int) -> Int {
    memory[counter].value.wrappingAdd(1, ordering: .relaxed).oldValue
  }
}
