// The same description on macOS, from sysctl; best effort, other fields say why they are unknown.

#if os(macOS)
  import Foundation

  extension Environment {
    static func ofMac() -> Environment {
      let linux = Environment(tree: FileTree())
      return Environment(
        cpu: CPUInfo.ofMac(), memory: MemoryInfo.ofMac(), cgroup: linux.cgroup,
        operatingSystem: .known("macOS " + ProcessInfo.processInfo.operatingSystemVersionString),
        kernel: Sysctl.string("kern.osrelease"), architecture: architecture(),
        virtualisation: Sysctl.integer("kern.hv_vmm_present").map {
          $0 == 0 ? nil : "unnamed hypervisor"
        },
        container: .known(nil), loadAverage: Sysctl.loadAverage(), temperature: linux.temperature)
    }
  }

  extension MemoryInfo {
    static func ofMac() -> MemoryInfo {
      let absent = "not told by sysctl"
      return MemoryInfo(
        total: Sysctl.integer("hw.memsize"), available: .unknown(reason: absent),
        swapTotal: .unknown(reason: absent), swapFree: .unknown(reason: absent),
        hugePagesTotal: .unknown(reason: absent), hugePageSize: .unknown(reason: absent),
        transparentHugePages: .unknown(reason: absent), numaNodes: .unknown(reason: absent))
    }
  }

  extension CPUInfo {
    static func ofMac() -> CPUInfo {
      let absent = "not told by sysctl"
      return CPUInfo(
        modelName: Sysctl.string("machdep.cpu.brand_string"),
        vendor: Sysctl.string("machdep.cpu.vendor"),
        family: Sysctl.integer("machdep.cpu.family"), model: Sysctl.integer("machdep.cpu.model"),
        stepping: Sysctl.integer("machdep.cpu.stepping"), microcode: .unknown(reason: absent),
        logicalCores: Sysctl.integer("hw.logicalcpu"),
        physicalCores: Sysctl.integer("hw.physicalcpu"), sockets: Sysctl.integer("hw.packages"),
        affinity: .unknown(reason: absent), flags: .unknown(reason: absent),
        caches: .unknown(reason: absent), governor: .unknown(reason: absent),
        driver: .unknown(reason: absent), frequencyMHz: .unknown(reason: absent),
        maximumFrequencyMHz: .unknown(reason: absent))
    }
  }

  enum Sysctl {
    static func string(_ name: String) -> Reading<String> {
      var size = 0
      guard sysctlbyname(name, nil, &size, nil, 0) == 0, size > 0 else { return missing(name) }
      var bytes = [UInt8](repeating: 0, count: size)
      guard sysctlbyname(name, &bytes, &size, nil, 0) == 0 else { return missing(name) }
      return .known(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
    }

    static func integer(_ name: String) -> Reading<Int> {
      var value: Int64 = 0
      var size = MemoryLayout<Int64>.size
      guard sysctlbyname(name, &value, &size, nil, 0) == 0 else { return missing(name) }
      // Four-byte values fill the low half on the little-endian machines that macOS runs on.
      return .known(Int(value))
    }

    static func loadAverage() -> Reading<[Double]> {
      var loads = [Double](repeating: 0, count: 3)
      return getloadavg(&loads, 3) == 3 ? .known(loads) : .unknown(reason: "getloadavg failed")
    }

    private static func missing<Value>(_ name: String) -> Reading<Value> {
      .unknown(reason: "sysctl \(name): \(String(cString: strerror(errno)))")
    }
  }
#endif
