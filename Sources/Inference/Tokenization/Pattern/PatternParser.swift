// Reads a pre-tokenizer's regular expression (Oniguruma's default syntax, which tokenizer.json means).

/// What a pattern contains that is not understood; it is refused rather than guessed.
struct PatternFault: Error {
  let reason: String
}

struct PatternParser {
  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var depth = 0
  private var classes: ClassList

  /// Parses `text` and adds its classes to `classes`.
  static func parse(
    _ text: String, into classes: inout ClassList
  ) throws(PatternFault) -> [[PatternNode]] {
    guard text.utf8.count <= 16384 else { throw PatternFault(reason: "is longer than 16384 bytes") }
    var parser = PatternParser(scalars: Array(text.unicodeScalars), classes: classes)
    let branches = try parser.alternation(ignoresCase: false)
    guard parser.position == parser.scalars.count else { throw parser.fault("an unmatched )") }
    guard PatternNode.minimumLength(of: branches) > 0 else {
      throw PatternFault(reason: "can match an empty text")
    }
    guard PatternNode.size(of: branches) <= 4096 else {
      throw PatternFault(reason: "is too large with its repetitions written out")
    }
    classes = parser.classes
    return branches
  }

  /// Counted groups are written out that often.
  private static let copyLimit = 8

  private init(scalars: [Unicode.Scalar], classes: ClassList) {
    self.scalars = scalars
    self.classes = classes
  }

  private func fault(_ what: String) -> PatternFault {
    PatternFault(reason: "has \(what) at character \(position)")
  }

  private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private mutating func take(_ text: String) -> Bool {
    let wanted = Array(text.unicodeScalars)
    guard scalars[position...].starts(with: wanted) else { return false }
    position += wanted.count
    return true
  }

  private mutating func alternation(ignoresCase: Bool) throws(PatternFault) -> [[PatternNode]] {
    depth += 1
    defer { depth -= 1 }
    guard depth <= 8 else { throw fault("groups nested deeper than 8") }
    var branches = [try sequence(ignoresCase: ignoresCase)]
    while take("|") { branches.append(try sequence(ignoresCase: ignoresCase)) }
    return branches
  }

  private mutating func sequence(ignoresCase: Bool) throws(PatternFault) -> [PatternNode] {
    var nodes: [PatternNode] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      if take("(") {
        nodes.append(try group(ignoresCase: ignoresCase))
      } else if take("$") {
        nodes.append(.lineEnd)
      } else {
        nodes.append(try run(ignoresCase: ignoresCase))
      }
    }
    return nodes
  }

  private mutating func group(ignoresCase: Bool) throws(PatternFault) -> PatternNode {
    var ignoresCase = ignoresCase
    var lookahead: Bool?
    if take("?i:") {
      ignoresCase = true
    } else if take("?!") {
      lookahead = true
    } else if take("?=") {
      lookahead = false
    } else if take("?:") {
    } else if next == "?" {
      throw fault("a group of an unknown kind")
    }
    let branches = try alternation(ignoresCase: ignoresCase)
    guard take(")") else { throw fault("an unclosed group") }
    if let lookahead { return .lookahead(branches, isNegative: lookahead) }
    let (minimum, maximum, _) = try repetition()
    if let scalar = next, "?*+{".unicodeScalars.contains(scalar) {
      throw fault("a repetition of a repetition")
    }
    if maximum != 1, PatternNode.minimumLength(of: branches) == 0 {
      throw fault("a repeated group that can match nothing")
    }
    guard maximum == .max || maximum <= Self.copyLimit, minimum <= Self.copyLimit else {
      throw fault("a group repeated more than \(Self.copyLimit) times")
    }
    return .group(branches, minimum: minimum, maximum: maximum)
  }

  private mutating func run(ignoresCase: Bool) throws(PatternFault) -> PatternNode {
    let set = try element(ignoresCase: ignoresCase)
    guard let index = classes.index(of: set) else { throw fault("more than 64 classes") }
    let (minimum, maximum, isCounted) = try repetition()
    var possessive = false
    if maximum != 1 || minimum != 1 {
      if next == "?" { throw fault("a lazy repetition") }
      possessive = take("+")
      if possessive, isCounted { throw fault("a repetition of a repetition") }
    }
    return .run(classIndex: index, minimum: minimum, maximum: maximum, possessive: possessive)
  }

  private mutating func repetition() throws(PatternFault) -> (Int, Int, Bool) {
    if take("?") { return (0, 1, false) }
    if take("*") { return (0, .max, false) }
    if take("+") { return (1, .max, false) }
    guard take("{") else { return (1, 1, false) }
    let minimum = number() ?? 0
    var maximum: Int? = minimum
    if take(",") { maximum = next == "}" ? .max : number() }
    guard take("}"), let maximum, maximum >= max(minimum, 1) else {
      throw fault("a repetition count that is not understood")
    }
    return (minimum, maximum, true)
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let scalar = next, let digit = scalar.properties.numericValue, scalar.isASCII {
      guard (value ?? 0) < 1000 else { return nil }
      value = (value ?? 0) * 10 + Int(digit)
      position += 1
    }
    return value
  }

  private mutating func element(ignoresCase: Bool) throws(PatternFault) -> CharacterClass {
    if take("[") { return try bracket(ignoresCase: ignoresCase) }
    if take("\\") { return try escape(ignoresCase: ignoresCase) }
    if take(".") { return .complement(.scalar("\n")) }
    guard let scalar = next, !"?*+{}^".unicodeScalars.contains(scalar) else {
      throw fault("an operator without an operand")
    }
    position += 1
    return try literal(scalar, ignoresCase: ignoresCase)
  }

  private func literal(
    _ scalar: Unicode.Scalar, ignoresCase: Bool
  ) throws(PatternFault) -> CharacterClass {
    guard ignoresCase else { return .scalar(scalar) }
    guard scalar.isASCII else { throw fault("a case-insensitive letter outside ASCII") }
    return .ignoringCase(scalar)
  }
}

// MARK: - Classes

extension PatternParser {
  /// What follows `[`, up to and with its `]`.
  private mutating func bracket(ignoresCase: Bool) throws(PatternFault) -> CharacterClass {
    depth += 1
    defer { depth -= 1 }
    guard depth <= 8 else { throw fault("classes nested deeper than 8") }
    let isComplement = take("^")
    var operands: [CharacterClass] = []
    var parts: [CharacterClass] = []
    while !take("]") {
      guard let scalar = next else { throw fault("an unclosed class") }
      if take("&&") {
        operands.append(.union(parts))
        parts = []
      } else if take("[") {
        guard next != ":" else { throw fault("a POSIX class") }
        parts.append(try bracket(ignoresCase: ignoresCase))
      } else if scalar == "\\" {
        position += 1
        parts.append(
          try rangeOrSingle(
            try escape(ignoresCase: false, inBrackets: true), ignoresCase: ignoresCase))
      } else {
        position += 1
        parts.append(try rangeOrSingle(.scalar(scalar), ignoresCase: ignoresCase))
      }
    }
    guard !parts.isEmpty else { throw fault("an empty class") }
    let body: CharacterClass = parts.count == 1 ? parts[0] : .union(parts)
    let set = operands.isEmpty ? body : .intersection(operands + [body])
    return isComplement ? .complement(set) : set
  }

  private mutating func rangeOrSingle(
    _ first: CharacterClass, ignoresCase: Bool
  ) throws(PatternFault) -> CharacterClass {
    guard case .range(let low, let same) = first, low == same else { return first }
    guard next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
      guard ignoresCase, let scalar = Unicode.Scalar(low) else { return first }
      return try literal(scalar, ignoresCase: true)
    }
    guard !ignoresCase else { throw fault("a case-insensitive range") }
    position += 1
    guard let end = next, end != "[" else { throw fault("a range without an end") }
    position += 1
    let last = end == "\\" ? try escape(ignoresCase: false) : .scalar(end)
    guard case .range(let high, let alsoHigh) = last, high == alsoHigh, low <= high else {
      throw fault("a range that is not understood")
    }
    return .range(low, high)
  }

  /// What follows a backslash.
  private mutating func escape(
    ignoresCase: Bool, inBrackets: Bool = false
  ) throws(PatternFault) -> CharacterClass {
    guard let scalar = next else { throw fault("an escape of nothing") }
    position += 1
    switch scalar {
    case "r": return .scalar("\r")
    case "n": return .scalar("\n")
    case "t": return .scalar("\t")
    case "s": return .whitespace
    case "S": return .complement(.whitespace)
    case "w": return .word(inBrackets: inBrackets)
    case "W": return .complement(.word(inBrackets: inBrackets))
    case "d": return .categories(UnicodeCategory.set(named: "Nd") ?? 0)
    case "D": return .complement(.categories(UnicodeCategory.set(named: "Nd") ?? 0))
    case "p": return try property()
    case "P": return .complement(try property())
    case "x": return .scalar(try hexadecimal(braced: next == "{", digits: 2))
    case "u": return .scalar(try hexadecimal(braced: false, digits: 4))
    default:
      guard scalar.isASCII, scalar.properties.numericType == nil, !scalar.properties.isAlphabetic
      else { throw fault("\\\(scalar)") }
      return try literal(scalar, ignoresCase: ignoresCase)
    }
  }

  private mutating func property() throws(PatternFault) -> CharacterClass {
    guard take("{") else { throw fault("a property without a name") }
    let isComplement = take("^")
    var name = ""
    while let scalar = next, scalar != "}", name.utf8.count < 32 {
      name.unicodeScalars.append(scalar)
      position += 1
    }
    guard take("}") else { throw fault("a property without a name") }
    let set: CharacterClass
    if name == "Han" || name == "Script=Han" {
      set = .han
    } else if let bits = UnicodeCategory.set(named: name) {
      set = .categories(bits)
    } else {
      throw fault("the property \(name.quotedForMessage())")
    }
    return isComplement ? .complement(set) : set
  }

  private mutating func hexadecimal(
    braced: Bool, digits: Int
  ) throws(PatternFault) -> Unicode.Scalar {
    if braced { position += 1 }
    var value: UInt32 = 0
    var count = 0
    while count < (braced ? 6 : digits), let scalar = next, let digit = scalar.hexDigit {
      value = value * 16 + digit
      count += 1
      position += 1
    }
    if braced, !take("}") { throw fault("a scalar that is not understood") }
    guard count > 0, let scalar = Unicode.Scalar(value) else {
      throw fault("a scalar that is not understood")
    }
    return scalar
  }
}

extension Unicode.Scalar {
  fileprivate var hexDigit: UInt32? {
    switch value {
    case 0x30...0x39: value - 0x30
    case 0x41...0x46: value - 0x37
    case 0x61...0x66: value - 0x57
    default: nil
    }
  }
}
