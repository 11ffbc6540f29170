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
        Self.names(instructionSets.filter(\.isAvailable))
          + Self.missing(instructionSets.filter { !$0.isAvailable })
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
    for (name, value) in rows {
      for (index, line) in wrapped(value, width: 80 - Self.valueColumn).enumerated() {
        table.add([index == 0 ? name : "", line])
      }
    }
    return table.lines()
  }

  /// Where values begin: after the longest name and a gap.
  private static let valueColumn = "control group".count + 2

  private static func names(_ sets: [(name: String, isAvailable: Bool)]) -> String {
    sets.map(\.name).joined(separator: " ")
  }

  private static func missing(_ sets: [(name: String, isAvailable: Bool)]) -> String {
    sets.isEmpty ? "" : "; not here: \(names(sets))"
  }

  private var limitLines: [String] {
    var table = TextTable([.left, .right, .left])
    table.add(["limits measured here", "median", Number.interval])
    func add(_ name: String, _ unit: String, _ rate: Reading<Rate>) {
      let known = rate.value
      var interval = rate.reason ?? "-"
      if let low = known?.low, let high = known?.high {
        interval = "\(Number.short(low / 1e9)) … \(Number.short(high / 1e9))"
      }
      table.add([name, known.map { "\(Number.short($0.median / 1e9)) \(unit)" } ?? "-", interval])
    }
    for point in limits.bandwidth {
      add("read memory, \(point.size) thread\(point.size == 1 ? "" : "s")", "GB/s", point.rate)
    }
    add("  on small pages", "GB/s", limits.smallPageBandwidth)
    add("f32 multiply-adds, peak", "GFLOP/s", limits.floatPeak)
    add("int8 dot products, peak", "GOP/s", limits.integerPeak)
    for point in limits.floatRates {
      add(
        "f32 product (BLAS), \(point.size) row\(point.size == 1 ? "" : "s")", "GFLOP/s", point.rate)
    }
    for point in limits.integerRates {
      add("int8 product, \(point.size) row\(point.size == 1 ? "" : "s")", "GOP/s", point.rate)
    }
    for curve in limits.products {
      for point in curve.streamed where point.size == 1 {
        add("\(curve.format) weights from memory, 1 row", "Gweights/s", point.rate)
      }
    }
    for run in limits.references {
      func rate(_ reading: Reading<Rate>) -> String {
        reading.value.map { Number.short($0.median) } ?? "-"
      }
      table.add([
        "small mixture in \(run.format)", "\(rate(run.decode)) tokens/s",
        "decode; \(rate(run.prefill)) tokens/s prefill",
      ])
    }
    var lines = table.lines().map { $0.shortened(to: 80) }
    let threads = limits.threads
    lines.append("Products ran on \(threads) thread\(threads == 1 ? "" : "s").")
    if let age = limitsAge {
      lines += wrapped(
        "Measured \(Number.age(age)) ago (\(limits.measuredAt)) and kept; --measure measures again."
      )
    }
    if let noise = limits.noise {
      lines += wrapped(
        "Noise floor: \(noise.repetitions) repetitions (\(noise.work)) differ by "
          + "\(Number.percent(noise.coefficientOfVariation)) (standard deviation over mean); two runs of "
          + "\(NoiseFloor.comparedRepetitions) repetitions can be told apart from "
          + "\(Number.percent(noise.smallestDifference)) on.")
    }
    if let reason = limits.disturbed {
      lines += wrapped("Warning: \(reason): they are too low, and were not kept.")
    }
    return lines
  }

  private var meterLines: [String] {
    var table = TextTable([.left, .left, .left])
    for meter in meters { table.add(["  " + meter.subject, meter.state.rawValue, meter.detail]) }
    return table.lines().map { $0.count > 80 ? String($0.prefix(79)) + "…" : $0 }
  }
}
