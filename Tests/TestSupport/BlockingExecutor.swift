// Threads that tests may block, apart from those that all asynchronous tests share.

import Foundation
import Synchronization

/// Runs tasks on threads of its own: a test that waits for a program holds no thread of the cooperative pool, which
/// has as few as two, and no more programs run at once than there are threads here.
public final class BlockingExecutor: TaskExecutor {
  public static let shared = BlockingExecutor(
    threads: max(2, ProcessInfo.processInfo.activeProcessorCount))

  private let jobs = Mutex<[UnownedJob]>([])
  private let waiting = DispatchSemaphore(value: 0)

  private init(threads: Int) {
    for _ in 0..<threads {
      let thread = Thread { [self] in
        while true {
          waiting.wait()
          jobs.withLock { $0.removeFirst() }.runSynchronously(on: asUnownedTaskExecutor())
        }
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLock { $0.append(job) }
    waiting.signal()
  }
}
