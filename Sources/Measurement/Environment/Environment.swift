// The machine that a result comes from; what cannot be read says why.

import Foundation

/// A description of this machine at one moment.
public struct Environment: Sendable, Equatable {
  public let cpu: CPUInfo
  public let memory: MemoryInfo
  public let cgroup: CgroupLimits
  public let operatingSystem: Reading<String>
  public let kernel: Reading<String>
  public let architecture: Reading<String>
  /// Name of the hypervisor or its product; `.known(nil)` on bare metal.
  public let virtualisation: Reading<String?>
  /// Name of the container's kind; `.known(nil)` where none shows.
  public let container: Reading<String?>
  /// Of 1, 5 and 15 minutes.
  public let loadAverage: Reading<[Double]>
  /// Hottest thermal zone, degrees Celsius.
  public let temperature: Reading<Double>

  /// This machine.
  public static func current() -> Environment {
    #if os(macOS)
      Environment.ofMac()
    #else
      Environment(tree: FileTree())
    #endif
  }

  /// A Linux machine below a root.
  public init(tree: FileTree) {
    cpu = CPUInfo(tree: tree)
    memory = MemoryInfo(tree: tree)
    cgroup = CgroupLimits(tree: tree)
    operatingSystem = Self.operatingSystem(tree)
    kernel = tree.line("/proc/sys/kernel/osrelease")
    architecture = Self.architecture()
    virtualisation = Self.virtualisation(tree, flags: cpu.flags)
    container = Self.container(tree)
    loadAverage = Self.loadAverage(tree)
    temperature = Self.temperature(tree)
  }

  /// Threads that this process can keep busy: physical cores, no more than it may run on and its control group pays for.
  public var usableThreads: Int {
    let cores = cpu.physicalCores.value ?? cpu.logicalCores.value ?? 1
    let allowed = min(cores, cpu.affinity.value ?? cores)
    // Of a fraction of a CPU a thread makes use too.
    let quota = cgroup.cpuQuota.value.flatMap { $0 }.flatMap { Int(exactly: $0.rounded(.up)) }
    return max(1, min(allowed, quota ?? allowed))
  }

  private static func operatingSystem(_ tree: FileTree) -> Reading<String> {
    tree.line("/etc/os-release").flatMap { text in
      KeyedText(text, separator: "=", path: "/etc/os-release").string("PRETTY_NAME")
    }.map { $0.trimmingCharacters(in: ["\"", "'"]) }
  }

  /// Of this build: the tree's files do not say it.
  static func architecture() -> Reading<String> {
    #if arch(x86_64)
      .known("x86_64")
    #elseif arch(arm64)
      .known("aarch64")
    #else
      .unknown(reason: "built for neither x86_64 nor aarch64")
    #endif
  }

  private static func virtualisation(
    _ tree: FileTree, flags: Reading<[String]>
  ) -> Reading<String?> {
    let product = tree.line("/sys/class/dmi/id/product_name").value
    let vendor = tree.line("/sys/class/dmi/id/sys_vendor").value
    let type = tree.line("/sys/hypervisor/type").value
    return flags.map { flags in
      guard flags.contains("hypervisor") || type != nil else { return nil }
      let names = [type, vendor, product].compactMap(\.self)
      return names.isEmpty ? "unnamed hypervisor" : names.joined(separator: " ")
    }
  }

  private static func container(_ tree: FileTree) -> Reading<String?> {
    if tree.exists("/.dockerenv") { return .known("docker") }
    if tree.exists("/run/.containerenv") { return .known("podman") }
    return tree.line("/proc/1/cgroup").map { text in
      ["kubepods", "docker", "containerd", "lxc"].first { text.contains($0) }
    }
  }

  private static func loadAverage(_ tree: FileTree) -> Reading<[Double]> {
    tree.line("/proc/loadavg").flatMap { text in
      let values = text.split(separator: " ").prefix(3).compactMap { Double($0) }
      let sound = values.count == 3 && values.allSatisfy { $0.isFinite && $0 >= 0 }
      return Reading(
        sound ? values : nil, orReason: "/proc/loadavg holds no three loads: \(text.clipped)")
    }
  }

  private static func temperature(_ tree: FileTree) -> Reading<Double> {
    let folder = "/sys/class/thermal"
    return tree.folder(folder).flatMap { names in
      let zones = names.filter { $0.isNumbered("thermal_zone") }
        .compactMap { tree.integer("\(folder)/\($0)/temp").value }
      return Reading(
        zones.max().map { Double($0) / 1000 }, orReason: "\(folder) has no readable thermal zone")
    }
  }
}
