// Where the threads of a team wait for each other.

import CKernels
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A barrier (Mellor-Crummey and Scott 1991, section 3.1: centralised, with a generation count in place of the sense
/// flag).
final class Rendezvous: @unchecked Sendable {
  /// Who must come; changed only while nobody is on the way here.
  let parties: Atomic<Int>
  private let arrived = Atomic<Int>(0)
  private let generation: Signal

  init(parties: Int) {
    self.parties = Atomic(parties)
    generation = Signal(0, threads: parties)
  }

  func wait() {
    let parties = parties.load(ordering: .relaxed)
    if parties == 1 { return }
    let current = generation.value
    if arrived.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue == parties {
      arrived.store(0, ordering: .relaxed)
      generation.change(to: current &+ 1)
    } else {
      generation.wait(while: current)
    }
  }
}

/// A number that one thread changes and others wait for, which spin or yield briefly and then park.
final class Signal: @unchecked Sendable {
  private let number: Atomic<Int>
  private let sleepers = Atomic<Int>(0)
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  /// Pauses before parking, at most: about 50 microseconds, several times the longest step of a small model's decode.
  private let spins: Int
  /// With more threads than processors the awaited thread may need this very one: it is handed over, this many times
  /// before parking, for waking a thread takes longer than most steps do.
  private let yields: Int
  /// Pauses before parking now. Who parked has waited for a thread without a core, which spinning keeps from it: next
  /// time less is spent on that, down to what threads that do run differ by. Who did not need to waits longer again.
  private let patience: Atomic<Int>
  private static let leastPatience = 400

  init(_ number: Int, threads: Int) {
    self.number = Atomic(number)
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
    let isCrowded = threads > Int(ck_processors())
    spins = isCrowded ? 50 : 4000
    yields = isCrowded ? 1000 : 0
    patience = Atomic(spins)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(condition)
    mutex.deallocate()
    condition.deallocate()
  }

  /// What the thread that changed it last did before is visible to who reads this.
  @inline(__always)
  var value: Int { number.load(ordering: .acquiring) }

  func change(to value: Int) {
    number.store(value, ordering: .sequentiallyConsistent)
    guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  func wait(while current: Int) {
    for _ in 0..<yields {
      if value != current { return }
      sched_yield()
    }
    let pauses = patience.load(ordering: .relaxed)
    for _ in 0..<pauses {
      if value != current {
        if pauses < spins { patience.store(min(spins, pauses + pauses / 8), ordering: .relaxed) }
        return
      }
      ck_pause()
    }
    if pauses > Self.leastPatience {
      patience.store(max(Self.leastPatience, pauses / 2), ordering: .relaxed)
    }
    park(while: current)
  }

  private func park(while current: Int) {
    sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
    pthread_mutex_lock(mutex)
    while number.load(ordering: .sequentiallyConsistent) == current {
      pthread_cond_wait(condition, mutex)
    }
    pthread_mutex_unlock(mutex)
    sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
  }
}
