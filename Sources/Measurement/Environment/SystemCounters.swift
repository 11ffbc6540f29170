// Counters of the machine and of this process, read before and after a sample.

import Foundation

/// One reading of every counter that tells whether a sample was disturbed.
public struct CounterSnapshot: Sendable, Equatable {
  /// Jiffies of all CPUs since boot, from the first line of /proc/stat.
  public struct CPUTime: Sendable, Equatable {
    public let busy: UInt64
    public let idle: UInt64
    public let steal: UInt64

    package init(busy: UInt64, idle: UInt64, steal: UInt64) {
      self.busy = busy
      self.idle = idle
      self.steal = steal
    }
  }

  public let cpu: Reading<CPUTime>
  /// User and system time of this process and its ended children, seconds.
  public let processSeconds: Double
  public let majorFaults: Int
  public let minorFaults: Int
  /// Time the cgroup was held back by its quota, seconds.
  public let cgroupThrottledSeconds: Reading<Double>
  /// Thermal throttle events, summed over CPUs.
  public let thermalThrottles: Reading<Int>
  /// Mean frequency of the CPUs, MHz.
  public let frequencyMHz: Reading<Double>
  /// Monotonic time of this snapshot, seconds.
  public let time: Double
  public let logicalCPUs: Int

  package init(
    cpu: Reading<CPUTime>, processSeconds: Double, majorFaults: Int, minorFaults: Int,
    cgroupThrottledSeconds: Reading<Double>, thermalThrottles: Reading<Int>,
    frequencyMHz: Reading<Double>, time: Double, logicalCPUs: Int
  ) {
    self.cpu = cpu
    self.processSeconds = processSeconds
    self.majorFaults = majorFaults
    self.minorFaults = minorFaults
    self.cgroupThrottledSeconds = cgroupThrottledSeconds
    self.thermalThrottles = thermalThrottles
    self.frequencyMHz = frequencyMHz
    self.time = time
    self.logicalCPUs = logicalCPUs
  }
}

/// Where the runner takes its counters from.
public protocol CounterSource: Sendable {
  func snapshot() -> CounterSnapshot
}

/// Counters of this machine, or of a fake tree below another root.
public struct SystemCounters: CounterSource {
  private let tree: FileTree
  private let cgroup: CgroupPaths
  private let clock: any MonotonicClock

  public init(tree: FileTree = FileTree(), clock: any MonotonicClock = SystemClock()) {
    self.tree = tree
    self.clock = clock
    cgroup = CgroupPaths(tree: tree)
  }

  public func snapshot() -> CounterSnapshot {
    let own = ResourceUsage.ofProcessAndChildren()
    return CounterSnapshot(
      cpu: cpuTime(), processSeconds: own.seconds, majorFaults: own.majorFaults,
      minorFaults: own.minorFaults, cgroupThrottledSeconds: cgroup.throttledSeconds(tree),
      thermalThrottles: thermalThrottles(), frequencyMHz: frequencyMHz(), time: clock.now(),
      logicalCPUs: Self.onlineCPUs())
  }

  /// As many as /proc/stat sums over, whatever this process's affinity.
  private static func onlineCPUs() -> Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  private func cpuTime() -> Reading<CounterSnapshot.CPUTime> {
    tree.line("/proc/stat").flatMap { text in
      let first = text.prefix { !$0.isNewline }
      let fields = first.split(separator: " ").dropFirst().map { UInt64($0) }
      let numbers = fields.compactMap(\.self)
      guard first.hasPrefix("cpu "), numbers.count == fields.count, numbers.count >= 8 else {
        return .unknown(reason: "/proc/stat: no line of CPU times with steal")
      }
      // user nice system idle iowait irq softirq steal; guest time is already inside user.
      let busy = [0, 1, 2, 5, 6].reduce(UInt64(0)) { $0 &+ numbers[$1] }
      return .known(.init(busy: busy, idle: numbers[3] &+ numbers[4], steal: numbers[7]))
    }
  }

  private func thermalThrottles() -> Reading<Int> {
    let cpus = "/sys/devices/system/cpu"
    return tree.folder(cpus).flatMap { names in
      let counts = names.filter { $0.isNumbered("cpu") }.compactMap {
        tree.integer("\(cpus)/\($0)/thermal_throttle/core_throttle_count").value
      }
      return Reading(
        counts.isEmpty ? nil : counts.reduce(0, &+),
        orReason: "\(cpus)/cpu*/thermal_throttle does not exist")
    }
  }

  private func frequencyMHz() -> Reading<Double> {
    CPUFrequency.current(tree).map { $0.reduce(0, +) / Double($0.count) }
  }
}

/// getrusage of this process and of children that have ended and been waited for.
private struct ResourceUsage {
  var seconds = 0.0
  var majorFaults = 0
  var minorFaults = 0

  static func ofProcessAndChildren() -> ResourceUsage {
    var total = ResourceUsage()
    #if canImport(Glibc)
      let whose: [__rusage_who_t] = [
        __rusage_who_t(RUSAGE_SELF.rawValue), __rusage_who_t(RUSAGE_CHILDREN.rawValue),
      ]
    #else
      let whose: [Int32] = [RUSAGE_SELF, RUSAGE_CHILDREN]
    #endif
    for who in whose {
      var usage = rusage()
      guard getrusage(who, &usage) == 0 else { continue }
      total.seconds += seconds(usage.ru_utime) + seconds(usage.ru_stime)
      total.majorFaults += usage.ru_majflt
      total.minorFaults += usage.ru_minflt
    }
    return total
  }

  private static func seconds(_ time: timeval) -> Double {
    Double(time.tv_sec) + Double(time.tv_usec) * 1e-6
  }
}

extension StringProtocol {
  /// `cpu12` is numbered, `cpufreq` is not.
  package func isNumbered(_ prefix: String) -> Bool {
    let rest = dropFirst(prefix.count)
    return hasPrefix(prefix) && !rest.isEmpty && rest.utf8.allSatisfy { 0x30...0x39 ~= $0 }
  }
}
