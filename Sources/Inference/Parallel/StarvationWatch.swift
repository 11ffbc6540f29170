// Watches whether a team's threads get the processors they ask for, and sizes the team by it.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Takes the time of runs and, every ``TeamSize/window`` of it or more, asks the scheduler how long the threads waited: a
/// microsecond a thread. Where the system does not tell, all threads always take part.
struct StarvationWatch {
  private let workers: [Worker]
  /// Nanoseconds of a window, of which asking takes at most half a percent.
  private let window: Int
  /// A size for each demand: what does for one may not for the other.
  private var sizes: [Demand: TeamSize]
  private var demand = Demand.arithmetic
  /// What each thread had waited when the window began; negative where that is not known.
  private var marks: [Int]
  /// Nanoseconds of runs in the window, and when the current run began.
  private var spent = 0
  private var began = 0
  /// From the end of the first run on, which all threads take part in, each has its account.
  private var hasRun = false
  private var caller = pthread_self()

  init(_ workers: [Worker]) {
    self.workers = workers
    window = max(TeamSize.window, 200_000 * workers.count)
    let size = TeamSize(workers.count)
    sizes = [.bandwidth: size, .arithmetic: size]
    marks = Array(repeating: -1, count: workers.count)
    workers[0].queue = RunQueue()
  }

  /// A run begins, on the thread that will be the first worker's.
  ///
  /// - Returns: How many threads should take part.
  mutating func begin(_ demand: Demand) -> Int {
    if pthread_equal(caller, pthread_self()) == 0 {
      caller = pthread_self()
      workers[0].queue = RunQueue()
      restart()
    } else if spent >= window {
      decide()
    } else if demand != self.demand {
      restart()
    }
    self.demand = demand
    began = Self.now
    return sizes[demand]?.current ?? workers.count
  }

  mutating func end() {
    spent += Self.now - began
    hasRun = true
  }

  private mutating func decide() {
    let current = sizes[demand]?.current ?? workers.count
    var starved = 0.0
    for index in workers.indices {
      let waited = workers[index].queue?.waited ?? -1
      if index < current && waited >= 0 && marks[index] >= 0 {
        starved += min(1, Double(waited - marks[index]) / Double(spent))
      }
      marks[index] = waited
    }
    sizes[demand]?.decide(starved: starved, elapsed: spent, demand: demand)
    spent = 0
  }

  private mutating func restart() {
    spent = 0
    guard hasRun else { return }
    for index in workers.indices { marks[index] = workers[index].queue?.waited ?? -1 }
  }

  private static var now: Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
  }
}
