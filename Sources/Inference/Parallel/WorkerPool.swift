// Threads that run one program together: a forward pass is one dispatch and a few hundred barriers.

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What a pool runs: every worker that takes part calls ``run(_:)`` once, at the same time.
public protocol ParallelProgram: AnyObject {
  func run(_ worker: Worker)
}

/// A fixed team of threads, the caller's among them.
///
/// Between runs and at barriers a worker spins briefly, since the next step is usually microseconds away, then parks:
/// with more threads than cores, or a busy neighbour, spinning would only keep the awaited thread off its core. Threads
/// for which there is no processor are set aside for a while (``TeamSize``).
public final class WorkerPool: @unchecked Sendable {
  public let count: Int
  /// Runs so far, and those of them that not all threads took part in.
  public private(set) var runs = (all: 0, narrowed: 0)
  private let team: Team
  private let workers: [Worker]
  private let claims = Claims()
  private var threads: [pthread_t] = []
  /// None where one thread has nobody to wait for.
  private var watch: StarvationWatch?
  private var call = Call(number: 0, threads: 0)

  /// - Parameters:
  ///   - count: Workers, the caller included; at least 1.
  ///   - arena: Memory that all workers see.
  ///   - localBytes: Private scratch memory of each worker (only touched pages cost anything).
  public init(threads count: Int, arena: Memory, localBytes: Int) throws(EngineError) {
    precondition(count >= 1 && count <= Call.mostThreads, "\(count) threads")
    self.count = count
    team = Team(parties: count)
    var workers: [Worker] = []
    for index in 0..<count {
      let local = try Memory(
        byteCount: localBytes, purpose: "scratch of worker \(index)", reserveOnly: true)
      workers.append(
        Worker(
          index: index, rendezvous: team.rendezvous, claims: claims,
          arena: Arena(memory: arena), local: Arena(memory: local)))
    }
    self.workers = workers
    for worker in workers.dropFirst() {
      guard let thread = Self.spawn(Launch(team: team, worker: worker)) else { break }
      threads.append(thread)
    }
    if threads.count < count - 1 {
      throw .outOfMemory(bytes: 0, purpose: "\(count) threads")
    }
    if count > 1 { watch = StarvationWatch(workers) }
  }

  deinit {
    team.stopping.store(true, ordering: .releasing)
    issue(Call(number: call.number + 1, threads: count))
    for thread in threads { pthread_join(thread, nil) }
  }

  /// Runs `program` on the workers and returns when all have finished. Allocates nothing, unless another thread calls
  /// than before.
  ///
  /// - Parameter demand: What the program needs most; nil where all threads must take part.
  public func run(_ program: any ParallelProgram, demand: Demand? = nil) {
    run(program, threads: demand.flatMap { watch?.begin($0) } ?? count)
    if demand != nil { watch?.end() }
  }

  /// The same on the first `size` threads.
  package func run(_ program: any ParallelProgram, threads size: Int) {
    precondition(size >= 1 && size <= count, "\(size) of \(count) threads")
    team.rendezvous.parties.store(size, ordering: .relaxed)
    team.program = program
    claims.reset()
    issue(Call(number: call.number + 1, threads: size))
    workers[0].run(program, of: size)
    workers[0].barrier()
    team.program = nil
    runs.all += 1
    if size < count { runs.narrowed += 1 }
  }

  /// Those set aside wait elsewhere: they are woken only where more take part than before.
  private func issue(_ next: Call) {
    let isWider = next.threads > call.threads
    call = next
    team.call.change(to: next.encoded)
    if isWider { team.recall.change(to: next.encoded) }
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
  /// The last ``Call``, and the last that more threads were called to than before.
  let call: Signal
  let recall: Signal
  let rendezvous: Rendezvous
  let stopping = Atomic<Bool>(false)
  /// Written before a call, read after it.
  var program: (any ParallelProgram)?

  init(parties: Int) {
    call = Signal(0, threads: parties)
    recall = Signal(0, threads: parties)
    rendezvous = Rendezvous(parties: parties)
  }
}

/// One run: which, and by how many threads, in one number, so that a thread never sees the one without the other.
private struct Call {
  static let mostThreads = 0xFFFF
  var number: Int
  var threads: Int

  init(number: Int, threads: Int) {
    self.number = number
    self.threads = threads
  }

  init(_ encoded: Int) { self.init(number: encoded >> 16, threads: encoded & 0xFFFF) }
  var encoded: Int { number << 16 | threads }
}

private final class Launch {
  let team: Team
  let worker: Worker

  init(team: Team, worker: Worker) {
    self.team = team
    self.worker = worker
  }

  func serve() {
    worker.queue = RunQueue()
    var seen = 0
    while true {
      // Read before the call, so that whoever is called between the two is not missed.
      let recall = team.recall.value
      let latest = team.call.value
      if latest == seen {
        if worker.index < Call(seen).threads {
          team.call.wait(while: seen)
        } else {
          team.recall.wait(while: recall)
        }
        continue
      }
      seen = latest
      guard worker.index < Call(seen).threads else { continue }
      if team.stopping.load(ordering: .acquiring) { return }
      if let program = team.program { worker.run(program, of: Call(seen).threads) }
      worker.barrier()
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
