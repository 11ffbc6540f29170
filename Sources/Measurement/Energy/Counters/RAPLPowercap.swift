// RAPL through Linux powercap: package and DRAM domains (Documentation/power/powercap.rst).

/// A counter in a file of whole numbers.
package struct FileCounter: EnergyCounter {
  package let name: String
  package let unitJoules: Double
  package let maximum: UInt64?
  package let path: String
  package let tree: FileTree

  package init(
    name: String, unitJoules: Double, maximum: UInt64?, path: String, tree: FileTree
  ) {
    self.name = name
    self.unitJoules = unitJoules
    self.maximum = maximum
    self.path = path
    self.tree = tree
  }

  package func read() throws(EnergyReason) -> UInt64 {
    try tree.counter(path)
  }
}

extension EnergyReason {
  init(_ fault: FileFault) {
    switch fault.kind {
    case .permissionDenied: self.init(.permissionDenied, fault.description)
    case .notFound: self.init(.meterDisappeared, fault.description)
    default: self.init(.garbage, fault.description)
    }
  }
}

/// Finds RAPL domains that may be added: packages and their DRAM.
///
/// `core` and `uncore` are inside the package, `psys` contains it and `intel-rapl-mmio` is the same
/// package again, so none of them is ever added.
public enum RAPLPowercap {
  static let folder = "/sys/class/powercap"
  /// 90 % range on the energy of processors and memory, and the shortest window at the counter's
  /// update rate of about 1 ms.
  static func traits(hasDRAM: Bool) -> MeterTraits {
    MeterTraits(
      name: "rapl-powercap",
      covers: (hasDRAM ? "CPU packages and DRAM" : "CPU packages, no DRAM")
        + ", behind the power supply",
      coverage: .processor, low: 0.90, high: 1.15, shortestWindow: 0.1)
  }

  /// - Throws: `noMeter` where there are no domains, `permissionDenied` where they exist but may not
  ///   be read; never a meter of some of the domains only.
  public static func meter(
    tree: FileTree = FileTree(), clock: any MonotonicClock = SystemClock()
  ) throws(EnergyReason) -> CounterMeter {
    let zones = try zones(tree)
    let hasDRAM = zones.contains { $0.name.hasSuffix("dram") }
    return try CounterMeter(traits: traits(hasDRAM: hasDRAM), counters: zones, clock: clock)
  }

  package static func zones(_ tree: FileTree) throws(EnergyReason) -> [FileCounter] {
    let names: [String]
    do throws(FileFault) { names = try tree.names(in: folder) } catch {
      throw EnergyReason(.noMeter, error.description)
    }
    let tops = names.filter { $0.isNumbered("intel-rapl:") }
    var zones: [FileCounter] = []
    var seen: Set<String> = []
    for top in tops {
      guard let label = tree.line("\(folder)/\(top)/name").value, label.hasPrefix("package"),
        seen.insert(label).inserted
      else { continue }
      zones.append(try zone(tree, top, label: label))
      // The class folder lists sub-zones flat; bind mounts may keep them inside their parent.
      let nested = (tree.folder("\(folder)/\(top)").value ?? []).map { "\(top)/\($0)" }
      let children = names.filter { $0.isNumbered("\(top):") } + nested
      for child in children where tree.line("\(folder)/\(child)/name").value == "dram" {
        guard seen.insert("\(label) dram").inserted else { continue }
        zones.append(try zone(tree, child, label: "\(label) dram"))
      }
    }
    guard !zones.isEmpty else {
      throw EnergyReason(.noMeter, "\(folder) has no RAPL package domain")
    }
    return zones
  }

  private static func zone(
    _ tree: FileTree, _ folderName: String, label: String
  ) throws(EnergyReason) -> FileCounter {
    let path = "\(folder)/\(folderName)"
    guard let range = tree.line("\(path)/max_energy_range_uj").value.flatMap({ UInt64($0) }),
      range > 0
    else {
      throw EnergyReason(.garbage, "\(path)/max_energy_range_uj is not a range")
    }
    return FileCounter(
      name: "RAPL \(label)", unitJoules: 1e-6, maximum: range, path: "\(path)/energy_uj",
      tree: tree)
  }
}
