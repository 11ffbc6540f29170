// How many threads take part while processors are taken away: against model machines, not this one.

import Inference
import Testing

struct TeamSizeTests {
  /// The sizes of `windows` windows in which teams starve as the machine says.
  private func sizes(
    of most: Int, windows: Int, _ demand: Demand, starved: (_ size: Int, _ window: Int) -> Double
  ) -> [Int] {
    var team = TeamSize(most)
    return (0..<windows).map { window in
      let size = team.current
      team.decide(
        starved: starved(size, window), elapsed: TeamSize.window, demand: demand)
      return size
    }
  }

  private func mean(_ sizes: [Int]) -> Double {
    Double(sizes.reduce(0, +)) / Double(sizes.count)
  }

  @Test(
    "threads that get their processors all take part", arguments: [2, 8, 64],
    [Demand.bandwidth, .arithmetic])
  func calm(_ most: Int, _ demand: Demand) {
    let all = sizes(of: most, windows: 500, demand) { _, window in window % 7 == 0 ? 0.1 : 0 }
    #expect(all == Array(repeating: most, count: 500))
  }

  @Test("a thread is set aside beside a busy program, and rarely tried", arguments: [2, 8, 64])
  func neighbour(_ most: Int) {
    let all = sizes(of: most, windows: 2000, .bandwidth) { size, _ in size == most ? 0.5 : 0 }
    #expect(all.count { $0 == most } < 40)
    #expect(all.count { $0 == most - 1 } > 1900)
  }

  @Test("under a quota of half the processors half the threads are left", arguments: [2, 4, 64])
  func quota(_ most: Int) {
    let processors = Double(most) / 2
    let all = sizes(of: most, windows: 2000, .bandwidth) { size, _ in
      max(0, Double(size) - processors)
    }
    #expect(all.dropFirst(5).max() ?? 0 <= most / 2 + 1)
    #expect(all.count { $0 > most / 2 } < 60)
    #expect(mean(all) > Double(most) / 2 - 1)
  }

  @Test("a program of arithmetic keeps a thread that has its processor for most of the time")
  func arithmetic() {
    let all = sizes(of: 2, windows: 100, .arithmetic) { size, _ in size == 2 ? 0.4 : 0 }
    #expect(all == Array(repeating: 2, count: 100))
  }

  @Test("starvation that fewer threads do not cure sets few aside", arguments: [8, 64])
  func incurable(_ most: Int) {
    let all = sizes(of: most, windows: 2000, .bandwidth) { size, _ in
      0.3 * Double(size) / Double(most)
    }
    #expect(all.min() ?? 0 >= most - 1)
    #expect(mean(all) > Double(most) - 0.2)
  }

  @Test("all take part again soon after the busy program has ended", arguments: [2, 8, 64])
  func recovery(_ most: Int) {
    let gone = 1000
    let all = sizes(of: most, windows: 2000, .bandwidth) { size, window in
      window < gone && size == most ? 0.5 : 0
    }
    let back = gone + TeamSize.longestRest / TeamSize.window + 10
    #expect(all[..<gone].suffix(500).min() ?? most < most)
    #expect(all[back...].allSatisfy { $0 == most })
  }
}
