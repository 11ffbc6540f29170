// Counters and the warnings made of them: steal, neighbours, throttling, frequency.

import Measurement
import Synchronization
import Testing

private final class ManualClock: MonotonicClock {
  private let time = Mutex(0.0)
  func now() -> Double { time.withLock { $0 } }
  func set(_ seconds: Double) { time.withLock { $0 = seconds } }
}

@Suite struct DisturbanceTests {
  @Test("steal, utilisation and throttling are differences of the counters")
  func differences() throws {
    let fake = try FakeTree([
      "/proc/stat": "cpu  100 0 100 800 0 0 0 0 50 0\ncpu0 1 2 3\n",
      "/proc/cpuinfo": "processor : 0\ncpu MHz : 2000\n",
      "/sys/fs/cgroup/cgroup.controllers": "cpu", "/proc/self/cgroup": "0::/\n",
      "/sys/fs/cgroup/cpu.stat": "usage_usec 5\nthrottled_usec 1000000\n",
      "/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count": "3",
    ])
    let clock = ManualClock()
    let counters = SystemCounters(tree: fake.tree, clock: clock)
    let start = counters.snapshot()
    try fake.write("/proc/stat", "cpu  140 0 110 830 10 0 0 10 70 0\n")
    try fake.write("/sys/fs/cgroup/cpu.stat", "usage_usec 5\nthrottled_usec 1250000\n")
    try fake.write("/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "5")
    clock.set(1)
    let change = Disturbance(from: start, to: counters.snapshot())
    #expect(change.stealFraction == .known(0.1))
    #expect(change.utilisation == .known(0.5))
    #expect(change.cgroupThrottledSeconds == .known(0.25))
    #expect(change.thermalThrottles == .known(2))
    #expect(change.frequencyMHz == .known(2000))
  }

  @Test("counters that go backwards or do not move have no share")
  func backwards() throws {
    let fake = try FakeTree(["/proc/stat": "cpu  100 0 100 800 0 0 0 0 0 0\n"])
    let counters = SystemCounters(tree: fake.tree, clock: ManualClock())
    let start = counters.snapshot()
    #expect(Disturbance(from: start, to: counters.snapshot()).stealFraction.value == nil)
    try fake.write("/proc/stat", "cpu  90 0 100 900 0 0 0 0 0 0\n")
    let change = Disturbance(from: start, to: counters.snapshot())
    #expect(change.utilisation.reason == "/proc/stat counters went backwards")
    try fake.write("/proc/stat", "cpu  90 0 garbage 900\n")
    #expect(Disturbance(from: start, to: counters.snapshot()).utilisation.value == nil)
    #expect(change.cgroupThrottledSeconds.value == nil && change.thermalThrottles.value == nil)
  }

  @Test("a stolen, throttled run with a neighbour and a falling clock is warned of")
  func warnings() throws {
    let fake = try FakeTree([
      "/proc/stat": "cpu  0 0 0 1000 0 0 0 0 0 0\n", "/proc/cpuinfo": cpu(3000),
      "/sys/fs/cgroup/cgroup.controllers": "cpu", "/proc/self/cgroup": "0::/\n",
      "/sys/fs/cgroup/cpu.stat": "throttled_usec 0\n",
    ])
    let clock = ManualClock()
    let workload = Busy(fake: fake, clock: clock)
    let outcome = try Runner(
      workload: workload,
      plan: Plan(
        promptTokens: [8], generatedTokens: [0], threads: [1], repetitions: 2, warmUp: .fixed(0)),
      clock: clock, counters: SystemCounters(tree: fake.tree, clock: clock)
    ).run()
    let codes = RunWarning.detect(in: outcome).map(\.code)
    #expect(
      Set(["steal", "busy_neighbour", "throttled_by_quota", "frequency_drift"]).isSubset(of: codes))
    for warning in RunWarning.detect(in: outcome) { #expect(!warning.message.isEmpty) }
    // The samples alone, where something of ours ran between them.
    let samples = outcome.results.flatMap(\.samples)
    #expect(RunWarning.busyNeighbour(during: samples)?.code == "busy_neighbour")
    #expect(RunWarning.busyNeighbour(during: []) == nil)
  }
}

private func cpu(_ megahertz: Int) -> String { "processor : 0\ncpu MHz : \(megahertz)\n" }

/// Worsens the fake machine with every run.
private final class Busy: Workload {
  let fake: FakeTree
  let clock: ManualClock
  var runs = 0

  init(fake: FakeTree, clock: ManualClock) {
    self.fake = fake
    self.clock = clock
  }

  func prepare(_ test: TestCase) throws {}

  func run(_ test: TestCase) throws -> Repetition {
    runs += 1
    try fake.write("/proc/stat", "cpu  \(500 * runs) 0 0 1000 0 0 0 \(100 * runs) 0 0\n")
    try fake.write("/sys/fs/cgroup/cpu.stat", "throttled_usec \(runs * 1000)\n")
    try fake.write("/proc/cpuinfo", cpu(3000 - 200 * runs))
    clock.set(Double(runs))
    return Repetition(tokens: test.tokens)
  }
}
