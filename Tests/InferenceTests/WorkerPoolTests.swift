// Threads that are set aside and called again: nobody is missed, nobody runs what it was not called to.

import Inference
import Synchronization
import Testing

struct WorkerPoolTests {
  /// Counts who came, and what the pieces of a shared loop add up to.
  private final class Census: ParallelProgram {
    let came = Atomic<Int>(0)
    let asExpected = Atomic<Int>(0)
    let sum = Atomic<Int>(0)
    var size = 0

    func run(_ worker: Worker) {
      came.wrappingAdd(1, ordering: .relaxed)
      if worker.count == size && worker.index < size {
        asExpected.wrappingAdd(1, ordering: .relaxed)
      }
      worker.barrier()
      worker.claim(100, by: 7) { sum.wrappingAdd($0.reduce(0, +), ordering: .relaxed) }
      worker.divide(100, by: 3) { sum.wrappingAdd($0.reduce(0, +), ordering: .relaxed) }
    }
  }

  @Test("every run has the threads it asks for and does all of its work", arguments: [1, 2, 5])
  func sizes(_ count: Int) throws {
    let pool = try WorkerPool(
      threads: count, arena: Memory(byteCount: 4096, purpose: "a test"), localBytes: 4096)
    var generator = SplitMix64(seed: UInt64(count))
    for _ in 0..<500 {
      let census = Census()
      census.size = 1 + Int(generator.next() % UInt64(count))
      pool.run(census, threads: census.size)
      #expect(census.came.load(ordering: .relaxed) == census.size)
      #expect(census.asExpected.load(ordering: .relaxed) == census.size)
      #expect(census.sum.load(ordering: .relaxed) == 2 * 4950)
    }
    #expect(pool.runs.all == 500)
    #expect((pool.runs.narrowed > 0) == (count > 1))
  }

  @Test("a pool may end while threads are set aside, or before its first run", arguments: [2, 4])
  func ends(_ count: Int) throws {
    for hasRun in [false, true] {
      let pool = try WorkerPool(
        threads: count, arena: Memory(byteCount: 4096, purpose: "a test"), localBytes: 4096)
      guard hasRun else { continue }
      let census = Census()
      census.size = 1
      pool.run(census, threads: 1)
      #expect(census.came.load(ordering: .relaxed) == 1)
    }
  }
}
