// A machine for a person: its parts, its meters, its limits.

import Analysis
import Measurement

extension MachineReport {
  /// Plain text of about 80 columns.
  public var text: String {
    [parts, limits, ["Meters:"] + meterLines].map { $0.joined(separator: "\n") }
      .joined(separator: "\n\n") + "\n"
  }

  private var parts: [String] {
    let cpu = environment.cpu
    let memory = environment.memory
    func text<Value>(_ reading: Reading<Value>, _ convert: (Value) -> String) -> String {
      reading.value.map(convert) ?? "unknown: \(reading.reason ?? "")"
    }
    let caches = text(cpu.caches) { caches in
      caches.map { "L\($0.level) \($0.kind.lowercased()) \(Number.bytes(Double($0.bytes)))" }
        .joined(separator: ", ")
    }
    let limit = environment.cgroup.memoryLimit
    let rows = [
      ("processor", text(cpu.modelName) { $0 }),
      (
        "cores",
        "\(text(cpu.physicalCores) { "\($0)" }) physical, "
          + "\(text(cpu.logicalCores) { "\($0)" }) logical, \(text(cpu.sockets) { "\($0)" }) sockets"
      ),
      ("caches", caches),
      (
        "instructions",
        instructionSets.map { $0.isAvailable ? $0.name : "(\($0.name))" }.joined(separator: " ")
          + "; () is not on this machine"
      ),
      (
        "memory",
        "\(text(memory.total) { Number.bytes(Double($0)) }), "
          + "\(text(memory.available) { Number.bytes(Double($0)) }) free"
      ),
      ("NUMA nodes", text(memory.numaNodes) { "\($0)" }),
      ("virtual", text(environment.virtualisation) { $0 ?? "no" }),
      (
        "control group",
        "\(text(environment.cgroup.cpuQuota) { $0.map { "\(Number.short($0)) CPUs" } ?? "no CPU limit" }), "
          + text(limit) { $0.map { Number.bytes(Double($0)) } ?? "no memory limit" }
      ),
      ("system", "\(text(environment.operatingSystem) { $0 }), \(text(environment.kernel) { $0 })"),
    ]
    var table = TextTable([.left, .left])
    for (name, value) in rows { table.add([name, value.safeForTerminal]) }
    return table.lines()
  }

  private var limits: [String] {
    var table = TextTable([.left, .right, .left])
    table.add(["limits measured here", "median", "95 % interval"])
    func add(_ name: String, _ unit: String, _ points: [Point]) {
      for point in points {
        let summary = point.rate.value
        table.add([
          "\(name.replacing("#", with: "\(point.size)"))",
          summary.map { "\(Number.short($0.median / 1e9)) \(unit)" } ?? "-",
          summary?.interval.map {
            "\(Number.short($0.low / 1e9)) … \(Number.short($0.high / 1e9))"
          } ?? point.rate.reason ?? "-",
        ])
      }
    }
    add("read memory, # threads", "GB/s", bandwidth)
    add("f32 product, # rows", "GFLOP/s", floatRates)
    add("int8 product, # rows", "GOP/s", integerRates)
    var lines = table.lines()
    lines.append("Products ran on \(threads) thread\(threads == 1 ? "" : "s").")
    if let steal = disturbance.stealFraction.value, steal > 0.01 {
      lines.append("Another guest took \(Number.percent(steal)) of this machine meanwhile.")
    }
    return lines
  }

  private var meterLines: [String] {
    var table = TextTable([.left, .left, .left])
    for meter in meters { table.add(["  " + meter.subject, meter.state.rawValue, meter.detail]) }
    return table.lines().map { $0.count > 80 ? String($0.prefix(79)) + "…" : $0 }
  }
}
