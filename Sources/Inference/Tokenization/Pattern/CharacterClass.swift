// A set of Unicode scalars, as written in a pattern's brackets and escapes.

/// A set of scalars built of categories, ranges and set operations.
indirect enum CharacterClass: Hashable, Sendable {
  /// Scalars whose general category is in the set, one bit a category.
  case categories(UInt32)
  case range(UInt32, UInt32)
  /// The property White_Space.
  case whitespace
  /// What Oniguruma calls a word's character: letters and what else is alphabetic, marks, digits, joining punctuation;
  /// outside brackets the superscripts and fractions of Latin-1 as well.
  case word(inBrackets: Bool)
  /// The script Han.
  case han
  case complement(CharacterClass)
  case union([CharacterClass])
  case intersection([CharacterClass])

  /// Whether the set has `scalar`, whose category's number is given because finding it is dear.
  func contains(_ scalar: Unicode.Scalar, category: UInt32) -> Bool {
    switch self {
    case .categories(let bits): bits & (1 << category) != 0
    case .range(let first, let last): first <= scalar.value && scalar.value <= last
    case .whitespace: scalar.properties.isWhitespace
    case .word(let inBrackets):
      Self.isWord(scalar, category)
        || (!inBrackets && Self.wordExceptions.contains(scalar.value))
    case .han: isHan(scalar.value)
    case .complement(let inner): !inner.contains(scalar, category: category)
    case .union(let parts): parts.contains { $0.contains(scalar, category: category) }
    case .intersection(let parts): parts.allSatisfy { $0.contains(scalar, category: category) }
    }
  }

  private static let wordCategories = ["L", "M", "Nd", "Pc"].reduce(0) {
    $0 | (UnicodeCategory.set(named: $1) ?? 0)
  }
  private static let wordExceptions: Set<UInt32> = [0xB2, 0xB3, 0xB9, 0xBC, 0xBD, 0xBE]

  private static func isWord(_ scalar: Unicode.Scalar, _ category: UInt32) -> Bool {
    wordCategories & (1 << category) != 0
      || (scalar.properties.isAlphabetic && category != UnicodeCategory.unassigned)
  }

  static func scalar(_ scalar: Unicode.Scalar) -> CharacterClass {
    .range(scalar.value, scalar.value)
  }

  /// A letter of a pattern that ignores case: simple case folding, of which only two letters of the
  /// basic alphabet have a third form (long s U+017F and the kelvin sign U+212A).
  static func ignoringCase(_ scalar: Unicode.Scalar) -> CharacterClass {
    let upper: UInt32
    switch scalar.value {
    case 0x41...0x5A: upper = scalar.value
    case 0x61...0x7A: upper = scalar.value - 0x20
    default: return .scalar(scalar)
    }
    var forms: [CharacterClass] = [.range(upper, upper), .range(upper + 0x20, upper + 0x20)]
    if upper == 0x53 { forms.append(.range(0x17F, 0x17F)) }
    if upper == 0x4B { forms.append(.range(0x212A, 0x212A)) }
    return .union(forms)
  }
}

/// Script Han of Unicode 16 (Scripts.txt).
private let hanRanges: [(UInt32, UInt32)] = [
  (0x2E80, 0x2E99), (0x2E9B, 0x2EF3), (0x2F00, 0x2FD5), (0x3005, 0x3005), (0x3007, 0x3007),
  (0x3021, 0x3029), (0x3038, 0x303B), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFA6D),
  (0xFA70, 0xFAD9), (0x16FE2, 0x16FE3), (0x16FF0, 0x16FF1), (0x20000, 0x2A6DF),
  (0x2A700, 0x2B739), (0x2B740, 0x2B81D), (0x2B820, 0x2CEA1), (0x2CEB0, 0x2EBE0),
  (0x2EBF0, 0x2EE5D), (0x2F800, 0x2FA1D), (0x30000, 0x3134A), (0x31350, 0x323AF),
]

private func isHan(_ value: UInt32) -> Bool {
  value >= 0x2E80 && hanRanges.contains { $0.0 <= value && value <= $0.1 }
}
