// Sorts the scalars of a text into kinds: scalars that no class of a pattern tells apart.

/// The classes of a pre-tokenizer's patterns and the kinds of the ASCII characters.
struct ScalarKinds: Sendable {
  let classes: [CharacterClass]
  /// Kind of each ASCII character.
  let ascii: [UInt8]
  /// The classes each kind belongs to, one bit a class.
  let sets: [UInt64]

  init(_ classes: [CharacterClass]) {
    self.classes = classes
    var ascii: [UInt8] = []
    var sets: [UInt64] = []
    for value in 0..<128 as Range<UInt8> {
      let set = Self.set(of: Unicode.Scalar(value), classes)
      let kind = sets.firstIndex(of: set) ?? sets.count
      if kind == sets.count { sets.append(set) }
      ascii.append(UInt8(truncatingIfNeeded: kind))
    }
    self.ascii = ascii
    self.sets = sets
  }

  static func set(of scalar: Unicode.Scalar, _ classes: [CharacterClass]) -> UInt64 {
    let category = UnicodeCategory.number(of: scalar)
    var set: UInt64 = 0
    for (index, candidate) in classes.enumerated()
    where candidate.contains(scalar, category: category) {
      set |= 1 << UInt64(index)
    }
    return set
  }
}

/// Kinds met in one text. Those of scalars outside ASCII are found when they occur.
struct KindTable {
  private static let unknown: UInt8 = 255
  private let source: ScalarKinds
  private(set) var sets: [UInt64]
  private var kindOfSet: [UInt64: UInt8] = [:]
  /// Where the kinds of 256 successive scalars begin in `pages`, in pages, plus one.
  private var pageNumbers: [UInt16] = []
  private var pages: [UInt8] = []

  init(_ source: ScalarKinds) {
    self.source = source
    sets = source.sets
    for (kind, set) in sets.enumerated() { kindOfSet[set] = UInt8(truncatingIfNeeded: kind) }
  }

  /// The kind of every byte of valid UTF-8: a scalar's kind stands at each of its bytes.
  mutating func kinds(of bytes: [UInt8]) throws(TokenizerError) -> [UInt8] {
    var kinds = [UInt8](repeating: 0, count: bytes.count)
    var position = 0
    while position < bytes.count {
      let byte = bytes[position]
      if byte < 0x80 {
        kinds[position] = source.ascii[Int(byte)]
        position += 1
        continue
      }
      let length = utf8Length(lead: byte)
      let kind = try self.kind(of: scalarValue(bytes, at: position, length: length))
      for _ in 0..<length {
        kinds[position] = kind
        position += 1
      }
    }
    return kinds
  }

  private mutating func kind(of value: UInt32) throws(TokenizerError) -> UInt8 {
    if pageNumbers.isEmpty { pageNumbers = [UInt16](repeating: 0, count: 0x1100) }
    let page = Int(value >> 8)
    if pageNumbers[page] == 0 {
      pages.append(contentsOf: repeatElement(Self.unknown, count: 256))
      pageNumbers[page] = UInt16(truncatingIfNeeded: pages.count >> 8)
    }
    let slot = (Int(pageNumbers[page]) - 1) << 8 + Int(value & 255)
    if pages[slot] != Self.unknown { return pages[slot] }
    guard let scalar = Unicode.Scalar(value) else { return 0 }
    let set = ScalarKinds.set(of: scalar, source.classes)
    let kind: UInt8
    if let known = kindOfSet[set] {
      kind = known
    } else {
      guard sets.count < Int(Self.unknown) else {
        throw .unsupported(field: "pre_tokenizer", value: "more than 255 kinds of characters")
      }
      kind = UInt8(truncatingIfNeeded: sets.count)
      sets.append(set)
      kindOfSet[set] = kind
    }
    pages[slot] = kind
    return kind
  }
}
