// Memory, swap, huge pages and NUMA nodes.

/// Memory of the machine, bytes.
public struct MemoryInfo: Sendable, Equatable {
  public let total: Reading<Int>
  public let available: Reading<Int>
  public let swapTotal: Reading<Int>
  public let swapFree: Reading<Int>
  public let hugePagesTotal: Reading<Int>
  public let hugePageSize: Reading<Int>
  /// `always`, `madvise` or `never`.
  public let transparentHugePages: Reading<String>
  public let numaNodes: Reading<Int>

  public init(tree: FileTree) {
    let path = "/proc/meminfo"
    let info = tree.line(path).map { KeyedText($0, path: path) }
    total = info.flatMap { $0.kilobytes("MemTotal") }
    available = info.flatMap { $0.kilobytes("MemAvailable") }
    swapTotal = info.flatMap { $0.kilobytes("SwapTotal") }
    swapFree = info.flatMap { $0.kilobytes("SwapFree") }
    hugePagesTotal = info.flatMap { $0.integer("HugePages_Total") }
    hugePageSize = info.flatMap { $0.kilobytes("Hugepagesize") }
    transparentHugePages = Self.transparent(tree)
    numaNodes = tree.folder("/sys/devices/system/node").flatMap { names in
      let count = names.count { $0.isNumbered("node") }
      return Reading(count > 0 ? count : nil, orReason: "/sys/devices/system/node lists no node")
    }
  }

  /// The choice in brackets: `always [madvise] never`.
  private static func transparent(_ tree: FileTree) -> Reading<String> {
    let path = "/sys/kernel/mm/transparent_hugepage/enabled"
    return tree.line(path).flatMap { text in
      let chosen = text.split(separator: " ").first { $0.hasPrefix("[") && $0.hasSuffix("]") }
      return Reading(
        chosen.map { String($0.dropFirst().dropLast()) },
        orReason: "\(path): no choice in brackets: \(text.clipped)")
    }
  }
}
