// A machine for a person: its parts, its meters, its limits.

import Analysis
import Measurement

extension MachineReport {
  /// Plain text of at most 80 columns.
  public var text: String {
    [parts, limitLines, ["Meters:"] + meterLines].map { $0.joined(separator: "\n") }
      .joined(separator: "\n\n") + "\n"
  }

  private var parts: [String] {
    var table = TextTable([.left, .left])
    for (name, value) in processorRows + systemRows {
      for (index, line) in wrapped(value, width: 80 - Self.valueColumn).enumerated() {
        table.add([index == 0 ? name : "", line])
      }
    }
    return table.lines()
  }

  private var processorRows: [(String, String)] {
    let cpu = environment.cpu
    let cores =
      "\(shown(cpu.physicalCores)) physical, \(shown(cpu.logicalCores)) logical, "
      + "\(shown(cpu.sockets)) sockets"
    let caches = shown(cpu.caches) { caches in
      caches.map { "L\($0.level) \($0.kind.lowercased()) \(Number.bytes(Double($0.bytes)))" }
        .joined(separator: ", ")
    }
    let instructions =
      Self.names(instructionSets.filter(\.isAvailable))
      + Self.missing(instructionSets.filter { !$0.isAvailable })
    return [
      ("processor", shown(cpu.modelName)), ("cores", cores), ("caches", caches),
      ("instructions", instructions),
    ]
  }

  private var systemRows: [(String, String)] {
    let (memory, group) = (environment.memory, environment.cgroup)
    func bytes(_ reading: Reading<Int>) -> String { shown(reading) { Number.bytes(Double($0)) } }
    let processors = shown(group.cpuQuota) {
      $0.map { "\(Number.short($0)) CPUs" } ?? "no CPU limit"
    }
    let limit = shown(group.memoryLimit) {
      $0.map { Number.bytes(Double($0)) } ?? "no memory limit"
    }
    return [
      ("memory", "\(bytes(memory.total)), \(bytes(memory.available)) free"),
      ("NUMA nodes", shown(memory.numaNodes)),
      ("virtual", shown(environment.virtualisation) { $0 ?? "no" }),
      ("control group", "\(processors), \(limit)"),
      ("system", "\(shown(environment.operatingSystem)), \(shown(environment.kernel))"),
    ]
  }

  private func shown<Value>(
    _ reading: Reading<Value>, _ convert: (Value) -> String = { "\($0)" }
  ) -> String {
    reading.value.map(convert) ?? "unknown: \(reading.reason ?? "")"
  }

  /// Where values begin: after the longest name and a gap.
  private static let valueColumn = "control group".count + 2

  private static func names(_ sets: [(name: String, isAvailable: Bool)]) -> String {
    sets.map(\.name).joined(separator: " ")
  }

  private static func missing(_ sets: [(name: String, isAvailable: Bool)]) -> String {
    sets.isEmpty ? "" : "; not here: \(names(sets))"
  }

  private var meterLines: [String] {
    var table = TextTable([.left, .left, .left])
    for meter in meters { table.add(["  " + meter.subject, meter.state.rawValue, meter.detail]) }
    return table.lines().map { $0.count > 80 ? String($0.prefix(79)) + "…" : $0 }
  }
}
