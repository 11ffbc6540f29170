// General categories of Unicode scalars as the regular expressions of tokenizers see them.

/// Names, numbers and sets of the general categories (Unicode Standard, section 4.5).
enum UnicodeCategory {
  /// Two-letter names; a category's number is its position here.
  static let names = [
    "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi",
    "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn",
  ]

  /// The set of categories a property name stands for, one bit each: `L` is Lu, Ll, Lt, Lm and Lo.
  static func set(named name: String) -> UInt32? {
    var bits: UInt32 = 0
    for (number, candidate) in names.enumerated()
    where candidate == name || (name.utf8.count == 1 && candidate.hasPrefix(name)) {
      bits |= 1 << UInt32(number)
    }
    return bits == 0 ? nil : bits
  }

  /// Number of Cn.
  static let unassigned: UInt32 = 29

  /// The category's number.
  ///
  /// The reference tokenizers carry Unicode 16 tables and the standard library may be newer: what was
  /// assigned later counts as unassigned, and U+0295 is still a lower-case letter.
  static func number(of scalar: Unicode.Scalar) -> UInt32 {
    if scalar.value == 0x295 { return 1 }
    let properties = scalar.properties
    let category = number(properties.generalCategory)
    guard scalar.value > 0x377, let age = properties.age, age.major > 16 else { return category }
    return unassigned
  }

  private static func number(_ category: Unicode.GeneralCategory) -> UInt32 {
    switch category {
    case .uppercaseLetter: 0
    case .lowercaseLetter: 1
    case .titlecaseLetter: 2
    case .modifierLetter: 3
    case .otherLetter: 4
    case .nonspacingMark: 5
    case .spacingMark: 6
    case .enclosingMark: 7
    case .decimalNumber: 8
    case .letterNumber: 9
    case .otherNumber: 10
    case .connectorPunctuation: 11
    case .dashPunctuation: 12
    case .openPunctuation: 13
    case .closePunctuation: 14
    case .initialPunctuation: 15
    case .finalPunctuation: 16
    case .otherPunctuation: 17
    case .mathSymbol: 18
    case .currencySymbol: 19
    case .modifierSymbol: 20
    case .otherSymbol: 21
    case .spaceSeparator: 22
    case .lineSeparator: 23
    case .paragraphSeparator: 24
    case .control: 25
    case .format: 26
    case .surrogate: 27
    case .privateUse: 28
    case .unassigned: 29
    @unknown default: 29
    }
  }
}
