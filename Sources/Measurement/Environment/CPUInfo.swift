// The processor as /proc/cpuinfo and /sys describe it.

import Foundation

/// Frequencies of the CPUs, MHz.
enum CPUFrequency {
  /// cpufreq's figure where there is one, else /proc/cpuinfo's.
  static func current(_ tree: FileTree) -> Reading<[Double]> {
    let folder = "/sys/devices/system/cpu/cpufreq"
    let policies = (tree.folder(folder).value ?? []).compactMap {
      tree.integer("\(folder)/\($0)/scaling_cur_freq").value.map { Double($0) / 1000 }
    }
    if !policies.isEmpty { return .known(policies) }
    return tree.line("/proc/cpuinfo").flatMap { text in
      let values = text.split(whereSeparator: \.isNewline).compactMap { line -> Double? in
        guard line.hasPrefix("cpu MHz"), let colon = line.firstIndex(of: ":") else { return nil }
        return Double(line[line.index(after: colon)...].trimmed)
      }.filter { $0.isFinite && $0 > 0 }
      return Reading(
        values.isEmpty ? nil : values,
        orReason: "neither \(folder)/*/scaling_cur_freq nor \"cpu MHz\" in /proc/cpuinfo")
    }
  }
}

/// One level of cache.
public struct CPUCache: Sendable, Equatable {
  public let level: Int
  /// `Data`, `Instruction` or `Unified`.
  public let kind: String
  public let bytes: Int
  /// Logical CPUs that share one instance.
  public let sharedBy: Int

  package init(level: Int, kind: String, bytes: Int, sharedBy: Int) {
    self.level = level
    self.kind = kind
    self.bytes = bytes
    self.sharedBy = sharedBy
  }
}

/// What the processor is.
public struct CPUInfo: Sendable, Equatable {
  public let modelName: Reading<String>
  public let vendor: Reading<String>
  public let family: Reading<Int>
  public let model: Reading<Int>
  public let stepping: Reading<Int>
  public let microcode: Reading<String>
  public let logicalCores: Reading<Int>
  public let physicalCores: Reading<Int>
  public let sockets: Reading<Int>
  /// CPUs that this process may run on.
  public let affinity: Reading<Int>
  /// Every flag the kernel lists.
  public let flags: Reading<[String]>
  /// Caches of the first CPU.
  public let caches: Reading<[CPUCache]>
  public let governor: Reading<String>
  public let driver: Reading<String>
  /// Mean over CPUs now, MHz.
  public let frequencyMHz: Reading<Double>
  public let maximumFrequencyMHz: Reading<Double>

  public init(tree: FileTree) {
    let cpu0 = "/sys/devices/system/cpu/cpu0"
    let blocks = tree.line("/proc/cpuinfo").map(Self.blocks)
    let first = blocks.flatMap {
      Reading($0.first, orReason: "/proc/cpuinfo describes no processor")
    }
    modelName = first.flatMap { $0.string("model name") }
    vendor = first.flatMap { $0.string("vendor_id") }
    family = first.flatMap { $0.integer("cpu family") }
    model = first.flatMap { $0.integer("model") }
    stepping = first.flatMap { $0.integer("stepping") }
    microcode = first.flatMap { $0.string("microcode") }
    flags = first.flatMap { $0.string("flags") }.map { $0.split(separator: " ").map(String.init) }
    logicalCores = blocks.flatMap {
      Reading($0.isEmpty ? nil : $0.count, orReason: "/proc/cpuinfo describes no processor")
    }
    physicalCores = blocks.flatMap { Self.distinct($0, ["physical id", "core id"]) }
    sockets = blocks.flatMap { Self.distinct($0, ["physical id"]) }
    affinity = Self.affinity(tree)
    caches = Self.caches(tree, "\(cpu0)/cache")
    governor = tree.line("\(cpu0)/cpufreq/scaling_governor")
    driver = tree.line("\(cpu0)/cpufreq/scaling_driver")
    frequencyMHz = CPUFrequency.current(tree).map { $0.reduce(0, +) / Double($0.count) }
    maximumFrequencyMHz = tree.integer("\(cpu0)/cpufreq/cpuinfo_max_freq").map { Double($0) / 1000 }
  }

  /// One block a logical CPU; ARM kernels append a block without "processor".
  private static func blocks(_ text: String) -> [KeyedText] {
    text.replacing("\r", with: "").split(separator: "\n\n").compactMap { block in
      block.split(separator: "\n").contains { $0.hasPrefix("processor") }
        ? KeyedText(block, path: "/proc/cpuinfo") : nil
    }
  }

  private static func distinct(_ blocks: [KeyedText], _ keys: [String]) -> Reading<Int> {
    var seen: Set<[String]> = []
    for block in blocks {
      var identity: [String] = []
      for key in keys {
        switch block.string(key) {
        case .known(let text): identity.append(text)
        case .unknown(let reason): return .unknown(reason: reason)
        }
      }
      seen.insert(identity)
    }
    return Reading(
      seen.isEmpty ? nil : seen.count, orReason: "/proc/cpuinfo describes no processor")
  }

  private static func affinity(_ tree: FileTree) -> Reading<Int> {
    let path = "/proc/self/status"
    return tree.line(path).flatMap { text in
      KeyedText(text, path: path).string("Cpus_allowed_list")
    }.flatMap { text in
      Reading(
        CPUList.parse(text)?.count, orReason: "\(path): not a list of CPUs: \(text.clipped)")
    }
  }

  private static func caches(_ tree: FileTree, _ folder: String) -> Reading<[CPUCache]> {
    tree.folder(folder).flatMap { names in
      let caches = names.filter { $0.isNumbered("index") }.compactMap { name -> CPUCache? in
        guard let level = tree.integer("\(folder)/\(name)/level").value,
          let kind = tree.line("\(folder)/\(name)/type").value,
          let size = tree.line("\(folder)/\(name)/size").value.flatMap(bytes),
          let shared = tree.line("\(folder)/\(name)/shared_cpu_list").value.flatMap(CPUList.parse)
        else { return nil }
        return CPUCache(level: level, kind: kind, bytes: size, sharedBy: shared.count)
      }
      return Reading(
        caches.isEmpty ? nil : caches, orReason: "\(folder) describes no cache")
    }
  }

  /// `48K`, `32768K`, `1M`.
  private static func bytes(_ text: String) -> Int? {
    let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    guard let last = text.last else { return nil }
    let unit = units[last] ?? 1
    guard let number = Int(unit == 1 ? text[...] : text.dropLast()), number > 0 else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit)
    return overflow ? nil : bytes
  }
}
