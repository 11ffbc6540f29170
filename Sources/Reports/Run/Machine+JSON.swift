// The machine in a document: what was read, and why the rest was not.

import Analysis
import Measurement
import StrictJSON

extension Environment {
  /// Unknown values are null; their reasons stand together under `reasons`.
  public func json(_ ceilings: Ceilings?) -> JSONValue {
    var fields = Fields()
    fields.add("cpu", cpu.modelName) { .string($0) }
    fields.add("vendor", cpu.vendor) { .string($0) }
    fields.add("family", cpu.family) { JSONValue($0) }
    fields.add("cpu_model", cpu.model) { JSONValue($0) }
    fields.add("stepping", cpu.stepping) { JSONValue($0) }
    fields.add("microcode", cpu.microcode) { .string($0) }
    fields.add("logical_cores", cpu.logicalCores) { JSONValue($0) }
    fields.add("physical_cores", cpu.physicalCores) { JSONValue($0) }
    fields.add("sockets", cpu.sockets) { JSONValue($0) }
    fields.add("affinity_cores", cpu.affinity) { JSONValue($0) }
    fields.add("flags", cpu.flags) { .array($0.map { .string($0) }) }
    fields.add("caches", cpu.caches) { .array($0.map(\.json)) }
    fields.add("governor", cpu.governor) { .string($0) }
    fields.add("frequency_mhz", cpu.frequencyMHz) { .numberOrNull($0) }
    fields.add("maximum_frequency_mhz", cpu.maximumFrequencyMHz) { .numberOrNull($0) }
    fields.add("memory_bytes", memory.total) { JSONValue($0) }
    fields.add("memory_available_bytes", memory.available) { JSONValue($0) }
    fields.add("swap_bytes", memory.swapTotal) { JSONValue($0) }
    fields.add("huge_pages", memory.transparentHugePages) { .string($0) }
    fields.add("numa_nodes", memory.numaNodes) { JSONValue($0) }
    fields.add("cgroup_cpu_quota", cgroup.cpuQuota) { .numberOrNull($0) }
    fields.add("cgroup_memory_limit_bytes", cgroup.memoryLimit) { .intOrNull($0) }
    fields.add("virtualisation", virtualisation) { .stringOrNull($0) }
    fields.add("container", container) { .stringOrNull($0) }
    fields.add("operating_system", operatingSystem) { .string($0) }
    fields.add("kernel", kernel) { .string($0) }
    fields.add("architecture", architecture) { .string($0) }
    fields.add("load_average", loadAverage) { .array($0.map { .numberOrNull($0) }) }
    fields.add("temperature_celsius", temperature) { .numberOrNull($0) }
    if let ceilings {
      fields.add("bandwidth_gb_s", ceilings.bandwidth) { .numberOrNull($0.median / 1e9) }
      fields.add("bandwidth_measured_on", .known(ceilings.measuredOn)) {
        .stringOrNull($0?.rawValue)
      }
      fields.add("float_gflop_s", ceilings.floatRate) { .numberOrNull($0.median / 1e9) }
      fields.add("int8_gop_s", ceilings.integerRate) { .numberOrNull($0.median / 1e9) }
    }
    return fields.json
  }
}

/// Collects readings: values in order, reasons of the unknown ones apart.
private struct Fields {
  private var members: [(String, JSONValue)] = []
  private var reasons: [(String, JSONValue)] = []

  mutating func add<Value>(
    _ key: String, _ reading: Reading<Value>, _ convert: (Value) -> JSONValue
  ) {
    members.append((key, reading.value.map(convert) ?? .null))
    if let reason = reading.reason { reasons.append((key, .string(reason))) }
  }

  var json: JSONValue { object(members + [("reasons", object(reasons))]) }
}

extension CPUCache {
  var json: JSONValue {
    [
      "level": JSONValue(level), "kind": .string(kind), "bytes": JSONValue(bytes),
      "shared_by": JSONValue(sharedBy),
    ]
  }
}

extension Disturbance {
  var json: JSONValue {
    var fields = Fields()
    fields.add("steal_fraction", stealFraction) { .numberOrNull($0) }
    fields.add("utilisation", utilisation) { .numberOrNull($0) }
    fields.add("own_utilisation", .known(ownUtilisation)) { .numberOrNull($0) }
    fields.add("major_faults", .known(majorFaults)) { JSONValue($0) }
    fields.add("minor_faults", .known(minorFaults)) { JSONValue($0) }
    fields.add("cgroup_throttled_seconds", cgroupThrottledSeconds) { .numberOrNull($0) }
    fields.add("thermal_throttles", thermalThrottles) { JSONValue($0) }
    fields.add("frequency_mhz", frequencyMHz) { .numberOrNull($0) }
    return fields.json
  }
}
