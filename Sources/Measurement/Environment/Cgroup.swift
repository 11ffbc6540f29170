// CPU quota and memory limit of the control group that this process is in, version 1 or 2.

/// Limits that a container puts on this process.
public struct CgroupLimits: Sendable, Equatable {
  public let version: Reading<Int>
  /// CPUs' worth of time per period; `.known(nil)` where there is no limit.
  public let cpuQuota: Reading<Double?>
  /// Bytes; `.known(nil)` where there is no limit.
  public let memoryLimit: Reading<Int?>

  public init(tree: FileTree) {
    let paths = CgroupPaths(tree: tree)
    version = paths.version
    cpuQuota = paths.cpuQuota(tree)
    memoryLimit = paths.memoryLimit(tree)
  }
}

/// Folders of this process's controllers.
package struct CgroupPaths: Sendable {
  package let version: Reading<Int>
  /// The process's own group and all that hold it up to the mounted root, the own first: every one of them limits. In a
  /// container the path of /proc/self/cgroup is often the host's, not found here, and the root is the group itself.
  private let cpu: [String]
  private let memory: [String]

  package init(tree: FileTree) {
    let mount = "/sys/fs/cgroup"
    let groups = tree.line("/proc/self/cgroup").value ?? ""
    if tree.exists("\(mount)/cgroup.controllers") {
      version = .known(2)
      cpu = Self.folders(mount, Self.path(of: "", in: groups))
      memory = cpu
    } else if tree.exists("\(mount)/cpu") || tree.exists("\(mount)/memory") {
      version = .known(1)
      cpu = Self.folders("\(mount)/cpu", Self.path(of: "cpu", in: groups))
      memory = Self.folders("\(mount)/memory", Self.path(of: "memory", in: groups))
    } else {
      version = .unknown(reason: "\(mount) holds no cgroup controllers")
      cpu = []
      memory = []
    }
  }

  private static func folders(_ mount: String, _ path: String) -> [String] {
    let parts = path.split(separator: "/").prefix(depthLimit)
    return (0...parts.count).reversed().map { count in
      ([mount] + parts.prefix(count).map(String.init)).joined(separator: "/")
    }
  }

  /// Deeper groups than any system makes; the text comes from outside.
  private static let depthLimit = 64

  /// Lines are `id:controllers:path`; version 2's have no controllers.
  private static func path(of controller: String, in groups: String) -> String {
    for line in groups.split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, parts[2] != "/" else { continue }
      if parts[1].split(separator: ",").contains(controller[...])
        || (controller.isEmpty && parts[1].isEmpty)
      {
        return String(parts[2])
      }
    }
    return ""
  }

  package func cpuQuota(_ tree: FileTree) -> Reading<Double?> {
    version.flatMap { version in
      tightest(cpu) { folder in
        version == 2
          ? quota2(tree.line("\(folder)/cpu.max"), "\(folder)/cpu.max")
          : quota1(tree, folder)
      }
    }
  }

  private func quota2(_ line: Reading<String>, _ path: String) -> Reading<Double?> {
    line.flatMap { text in
      let parts = text.split(separator: " ")
      if parts.first == "max" { return .known(nil) }
      guard parts.count == 2, let quota = Double(parts[0]), let period = Double(parts[1]),
        quota > 0, period > 0
      else { return .unknown(reason: "\(path) is not a quota: \(text.clipped)") }
      return .known(quota / period)
    }
  }

  private func quota1(_ tree: FileTree, _ folder: String) -> Reading<Double?> {
    tree.integer("\(folder)/cpu.cfs_quota_us").flatMap { quota in
      if quota < 0 { return .known(nil) }
      return tree.integer("\(folder)/cpu.cfs_period_us").flatMap { period in
        guard quota > 0, period > 0 else {
          return .unknown(reason: "\(folder)/cpu.cfs_quota_us is not a quota")
        }
        return .known(Double(quota) / Double(period))
      }
    }
  }

  package func memoryLimit(_ tree: FileTree) -> Reading<Int?> {
    version.flatMap { version in
      let name = version == 2 ? "memory.max" : "memory.limit_in_bytes"
      return tightest(memory) { folder in
        tree.line("\(folder)/\(name)").flatMap { text in
          if text == "max" { return .known(nil) }
          guard let bytes = UInt64(text) else {
            return .unknown(reason: "\(folder)/\(name) is not a size: \(text.clipped)")
          }
          // Version 1 writes "no limit" as the largest page-aligned number.
          return .known(bytes >= 1 << 60 ? nil : Int(bytes))
        }
      }
    }
  }

  /// Time held back by any group's quota since the groups were made, seconds.
  package func throttledSeconds(_ tree: FileTree) -> Reading<Double> {
    version.flatMap { version in
      sum(cpu) { folder in
        tree.line("\(folder)/cpu.stat").flatMap { text in
          let keyed = KeyedText(text, separator: " ", path: "\(folder)/cpu.stat")
          // Microseconds in version 2, nanoseconds in version 1.
          return version == 2
            ? keyed.integer("throttled_usec").map { Double($0) * 1e-6 }
            : keyed.integer("throttled_time").map { Double($0) * 1e-9 }
        }
      }
    }
  }

  /// The least of the limits known; no limit where every known answer is none; else the reason of the last.
  private func tightest<Value: Comparable>(
    _ folders: [String], _ read: (String) -> Reading<Value?>
  ) -> Reading<Value?> {
    let answers = folders.map(read)
    let known = answers.compactMap(\.value)
    if let least = known.compactMap({ $0 }).min() { return .known(least) }
    return known.isEmpty ? answers.last ?? .unknown(reason: "no cgroup folder") : .known(nil)
  }

  /// The sum of what is known; else the reason of the last.
  private func sum(_ folders: [String], _ read: (String) -> Reading<Double>) -> Reading<Double> {
    let answers = folders.map(read)
    let known = answers.compactMap(\.value)
    return known.isEmpty
      ? answers.last ?? .unknown(reason: "no cgroup folder") : .known(known.reduce(0, +))
  }
}
