// Threads that run one program together: a forward pass is one dispatch and a few hundred barriers.

import CKernels
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What a pool runs: every worker calls ``run(_:)`` once, at the same time.
public protocol ParallelProgram: AnyObject {
  func run(_ worker: Worker)
}

/// A fixed team of threads, the caller's among them.
///
/// Between runs and at barriers a worker spins briefly, since the next step is usually microseconds away, then parks:
/// with more threads than cores, or a busy neighbour, spinning would only keep the awaited thread off its core.
public final class WorkerPool: @unchecked Sendable {
  public let count: Int
  private let team: Team
  private let workers: [Worker]
  private var threads: [pthread_t] = []

  /// - Parameters:
  ///   - count: Workers, the caller included; at least 1.
  ///   - arena: Memory that all workers see.
  ///   - localBytes: Private scratch memory of each worker (only touched pages cost anything).
  public init(threads count: Int, arena: Memory, localBytes: Int) throws(EngineError) {
    precondition(count >= 1, "\(count) threads")
    self.count = count
    team = Team(parties: count)
    let claims = Claims()
    var workers: [Worker] = []
    for index in 0..<count {
      let local = try Memory(
        byteCount: localBytes, purpose: "scratch of worker \(index)", reserveOnly: true)
      workers.append(
        Worker(
          index: index, count: count, rendezvous: team.rendezvous, claims: claims,
          arena: Arena(memory: arena), local: Arena(memory: local)))
    }
    self.workers = workers
    for worker in workers.dropFirst() {
      guard let thread = Self.spawn(Launch(team: team, worker: worker)) else { break }
      threads.append(thread)
    }
    if threads.count < count - 1 {
      // The threads that did start wait for parties that will never come: they are left parked.
      throw .outOfMemory(bytes: 0, purpose: "\(count) threads")
    }
  }

  deinit {
    team.stopping.store(true, ordering: .releasing)
    team.start.wait()
    for thread in threads { pthread_join(thread, nil) }
  }

  /// Runs `program` on every worker and returns when all have finished. Allocates nothing.
  public func run(_ program: any ParallelProgram) {
    team.program = program
    team.start.wait()
    program.run(workers[0])
    team.rendezvous.wait()
    team.program = nil
  }

  private static func spawn(_ launch: Launch) -> pthread_t? {
    let context = Unmanaged.passRetained(launch)
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    guard pthread_create(&thread, nil, workerMain, context.toOpaque()) == 0 else {
      context.release()
      return nil
    }
    return thread
  }
}

/// What the threads of a pool share; it outlives the pool until the last thread has left.
private final class Team: @unchecked Sendable {
  let start: Rendezvous
  let rendezvous: Rendezvous
  let stopping = Atomic<Bool>(false)
  /// Written before `start`, read after it.
  var program: (any ParallelProgram)?

  init(parties: Int) {
    start = Rendezvous(parties: parties)
    rendezvous = Rendezvous(parties: parties)
  }
}

private final class Launch {
  let team: Team
  let worker: Worker

  init(team: Team, worker: Worker) {
    self.team = team
    self.worker = worker
  }

  func serve() {
    while true {
      team.start.wait()
      if team.stopping.load(ordering: .acquiring) { return }
      if let program = team.program { program.run(worker) }
      team.rendezvous.wait()
    }
  }
}

#if canImport(Darwin)
  private func workerMain(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<Launch>.fromOpaque(context).takeRetainedValue().serve()
    return nil
  }
#else
  private func workerMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<Launch>.fromOpaque(context).takeRetainedValue().serve() }
    return nil
  }
#endif

/// One thread's place in a pool: which part of the work is its own, and where it meets the others.
public final class Worker: @unchecked Sendable {
  public let index: Int
  public let count: Int
  /// Memory all workers see; take and release in the same order on every worker.
  var arena: Arena
  /// Memory of this worker alone.
  var local: Arena
  private let rendezvous: Rendezvous
  private let claims: Claims
  private var loop = 0
  private var bases: [Int]

  fileprivate init(
    index: Int, count: Int, rendezvous: Rendezvous, claims: Claims, arena: Arena, local: Arena
  ) {
    self.index = index
    self.count = count
    self.rendezvous = rendezvous
    self.claims = claims
    self.arena = arena
    self.local = local
    bases = Array(repeating: 0, count: Claims.loops)
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

  @inline(__always)
  func next(_ counter: Int) -> Int {
    memory[counter].value.wrappingAdd(1, ordering: .relaxed).oldValue
  }
}
