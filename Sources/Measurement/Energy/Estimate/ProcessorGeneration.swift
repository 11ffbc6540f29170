// Generations of server processors by family, model and stepping, as in Linux's intel-family.h and
// amd.c; virtual machines often hide the part's name but not these numbers.

/// A generation of server processors.
public struct ProcessorGeneration: Sendable, Equatable {
  public let name: String

  /// - Returns: `nil` where the numbers are not known; that is an answer.
  public init?(vendor: String?, name: String?, family: Int?, model: Int?, stepping: Int?) {
    guard let family, let model else { return nil }
    let found: String?
    switch vendor {
    case "GenuineIntel": found = Self.intel(family, model, stepping)
    case "AuthenticAMD" where name?.contains("EPYC") == true: found = Self.epyc(family, model)
    default: found = nil
    }
    guard let found else { return nil }
    self.name = found
  }

  public init?(cpu: CPUInfo) {
    self.init(
      vendor: cpu.vendor.value, name: cpu.modelName.value, family: cpu.family.value,
      model: cpu.model.value, stepping: cpu.stepping.value)
  }

  private static func intel(_ family: Int, _ model: Int, _ stepping: Int?) -> String? {
    guard family == 6 else { return nil }
    switch (model, stepping) {
    case (0x2D, _): return "Sandy Bridge"
    case (0x3E, _): return "Ivy Bridge"
    case (0x3F, _): return "Haswell"
    case (0x4F, _), (0x56, _): return "Broadwell"
    case (0x55, .some(0...4)): return "Skylake"
    case (0x55, .some(5...7)): return "Cascade Lake"
    case (0x55, .some(8...)): return "Cooper Lake"
    case (0x6A, _), (0x6C, _): return "Ice Lake"
    case (0x8F, _): return "Sapphire Rapids"
    case (0xCF, _): return "Emerald Rapids"
    case (0xAD, _), (0xAE, _): return "Granite Rapids"
    case (0xAF, _): return "Sierra Forest"
    default: return nil
    }
  }

  private static func epyc(_ family: Int, _ model: Int) -> String? {
    switch (family, model) {
    case (0x17, 0x00...0x0F): "EPYC 1st Gen"
    case (0x17, 0x30...0x3F): "EPYC 2nd Gen"
    case (0x19, 0x00...0x0F): "EPYC 3rd Gen"
    case (0x19, 0x10...0x1F), (0x19, 0xA0...0xAF): "EPYC 4th Gen"
    case (0x1A, 0x00...0x1F): "EPYC 5th Gen"
    default: nil
    }
  }

  /// Whether a part of a power table is of this generation, by its number: the last digit of an
  /// EPYC 7xx1 … 9xx5 is its generation. Intel's names do not tell; there the answer is no.
  public func includes(part name: String) -> Bool {
    guard let wanted = self.name.split(separator: " ").dropFirst().first?.first,
      self.name.hasPrefix("EPYC")
    else { return false }
    let words = name.split(separator: " ")
    guard let epyc = words.firstIndex(of: "EPYC"), epyc + 1 < words.count else { return false }
    let number = words[epyc + 1]
    let digits = number.prefix(4).utf8.filter { 0x30...0x39 ~= $0 }
    return number.utf8.count >= 4 && digits.count == 4
      && number[number.index(number.startIndex, offsetBy: 3)] == wanted
  }
}
