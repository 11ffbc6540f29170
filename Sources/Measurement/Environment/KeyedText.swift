// The two forms that /proc and /sys use: `key: value` blocks and lists of CPU ranges.

/// Lines of `key <separator> value`, first occurrence wins, as in /proc/meminfo or os-release.
package struct KeyedText {
  private var values: [String: String] = [:]
  private let path: String

  package init(_ text: some StringProtocol, separator: Character = ":", path: String) {
    self.path = path
    for line in text.split(whereSeparator: \.isNewline) {
      guard let split = line.firstIndex(of: separator) else { continue }
      let key = line[..<split].trimmed
      if values[key] == nil { values[key] = line[line.index(after: split)...].trimmed }
    }
  }

  package func string(_ key: String) -> Reading<String> {
    guard let value = values[key] else { return .unknown(reason: "\(path) has no \"\(key)\"") }
    return value.isEmpty ? .unknown(reason: "\(path): \"\(key)\" is empty") : .known(value)
  }

  package func integer(_ key: String) -> Reading<Int> {
    string(key).flatMap {
      Reading(Int($0), orReason: "\(path): \"\(key)\" is not a whole number: \($0.clipped)")
    }
  }

  /// A value in kB, in bytes.
  package func kilobytes(_ key: String) -> Reading<Int> {
    string(key).flatMap { text in
      let number = text.split(separator: " ").first.flatMap { Int($0) }
      let bytes = number?.multipliedReportingOverflow(by: 1024)
      return Reading(
        bytes.flatMap { $0.overflow || $0.partialValue < 0 ? nil : $0.partialValue },
        orReason: "\(path): \"\(key)\" is not a size: \(text.clipped)")
    }
  }
}

/// `0-3,8,10-11`, as in `cpuset.cpus` and `Cpus_allowed_list`.
package enum CPUList {
  /// Kernel builds allow 8192 CPUs at most.
  private static let limit = 65_536

  /// The CPUs listed; nil for what is no such list, or names none.
  package static func parse(_ text: String) -> Set<Int>? {
    var cpus: Set<Int> = []
    for item in text.trimmed.split(separator: ",") {
      let ends = item.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2,
        first >= 0, last >= first, last < limit
      else { return nil }
      cpus.formUnion(first...last)
    }
    return cpus.isEmpty ? nil : cpus
  }
}
