// What happened to the machine during a sample: differences of two counter snapshots.

/// Differences between two snapshots, as shares of the time between them.
public struct Disturbance: Sendable, Equatable {
  /// Time that the hypervisor gave to others, of all CPU time, 0 … 1.
  public let stealFraction: Reading<Double>
  /// Busy share of all CPUs, 0 … 1; other processes included.
  public let utilisation: Reading<Double>
  /// Share of all CPUs that this process and its ended children used, 0 … 1.
  public let ownUtilisation: Double
  public let majorFaults: Int
  public let minorFaults: Int
  public let cgroupThrottledSeconds: Reading<Double>
  public let thermalThrottles: Reading<Int>
  /// Mean frequency at the end, MHz.
  public let frequencyMHz: Reading<Double>

  public init(from start: CounterSnapshot, to end: CounterSnapshot) {
    let jiffies = Self.jiffies(start.cpu, end.cpu)
    stealFraction = jiffies.map { $0.steal / $0.total }
    utilisation = jiffies.map { $0.busy / $0.total }
    let available = (end.time - start.time) * Double(max(1, end.logicalCPUs))
    let used = max(0, end.processSeconds - start.processSeconds)
    ownUtilisation = available > 0 ? min(1, used / available) : 0
    majorFaults = max(0, end.majorFaults - start.majorFaults)
    minorFaults = max(0, end.minorFaults - start.minorFaults)
    cgroupThrottledSeconds = start.cgroupThrottledSeconds.flatMap { before in
      end.cgroupThrottledSeconds.map { max(0, $0 - before) }
    }
    thermalThrottles = start.thermalThrottles.flatMap { before in
      end.thermalThrottles.map { max(0, $0 - before) }
    }
    frequencyMHz = end.frequencyMHz
  }

  /// CPU time of others on this machine, of all CPU time: a busy neighbour.
  public var otherUtilisation: Reading<Double> { utilisation.map { max(0, $0 - ownUtilisation) } }

  private static func jiffies(
    _ start: Reading<CounterSnapshot.CPUTime>, _ end: Reading<CounterSnapshot.CPUTime>
  ) -> Reading<(busy: Double, steal: Double, total: Double)> {
    start.flatMap { before in
      end.flatMap { after in
        // Counters of /proc/stat may step back on hot-unplug and with some hypervisors.
        guard after.busy >= before.busy, after.idle >= before.idle, after.steal >= before.steal
        else { return .unknown(reason: "/proc/stat counters went backwards") }
        let busy = Double(after.busy - before.busy)
        let steal = Double(after.steal - before.steal)
        let total = busy + steal + Double(after.idle - before.idle)
        guard total > 0 else {
          return .unknown(reason: "shorter than one tick of /proc/stat")
        }
        return .known((busy, steal, total))
      }
    }
  }
}
