// Recognising a processor by its name, or by family, model and stepping; unknown is an answer.

extension PowerTables {
  /// The processor whose table name is contained in the name that the machine reports.
  ///
  /// Words are compared whole and without trade marks, so `8280` never matches `8280L` and the
  /// longest match wins.
  public func cpu(reportedAs name: String) -> CPURow? {
    let reported = Self.words(name)
    func matches(_ row: CPURow) -> Bool {
      let wanted = Self.words(row.name)
      guard !wanted.isEmpty, wanted.count <= reported.count else { return false }
      return (0...(reported.count - wanted.count)).contains { start in
        reported[start..<(start + wanted.count)].elementsEqual(wanted)
      }
    }
    return cpus.filter(matches).max { $0.name.utf8.count < $1.name.utf8.count }
  }

  /// The family of a CPUID triple, as `/proc/cpuinfo` gives it.
  public func family(cpuFamily: Int, model: Int, stepping: Int) -> CPUFamilyRow? {
    families.first { row in
      row.cpuid.contains { Self.matches($0, cpuFamily, model, stepping) }
    }
  }

  private static func matches(_ pattern: String, _ family: Int, _ model: Int, _ stepping: Int)
    -> Bool
  {
    let parts = pattern.split(separator: "/")
    guard parts.count >= 2, Int(parts[0]) == family, Int(parts[1]) == model else { return false }
    guard parts.count == 3 else { return true }
    let bounds = parts[2].split(separator: "-").compactMap { Int($0) }
    guard let first = bounds.first, let last = bounds.last else { return false }
    return first <= stepping && stepping <= last
  }

  /// Lower-case words without trade marks and filler.
  private static func words(_ name: String) -> [String] {
    let plain = name.lowercased()
      .split { !($0.isLetter || $0.isNumber || $0 == "-" || $0 == "+") }
      .map(String.init)
    let filler: Set<String> = ["r", "tm", "cpu", "processor", "aws"]
    return plain.filter { !filler.contains($0) }
  }

  /// The range of an estimator: `wall_meter`, `rapl`, `ipmi_dcmi`, `specpower`, `family_watts`,
  /// `teads`, `tdp_utilisation`, `half_tdp` or `unknown_cpu`.
  public func estimator(_ id: String) -> EstimatorRange? { estimators.first { $0.id == id } }
}
