// The part of regular-expression syntax that pre-tokenizers use, as a tree.

/// One element of a pattern.
indirect enum PatternNode {
  /// `minimum` to `maximum` scalars of a class, as many as possible first. A possessive run gives
  /// nothing back.
  case run(classIndex: Int, minimum: Int, maximum: Int, possessive: Bool)
  /// `minimum` to `maximum` times one of the alternatives, as often as possible first.
  case group([[PatternNode]], minimum: Int, maximum: Int)
  case lookahead([[PatternNode]], isNegative: Bool)
  /// The end of the piece, or the place before a line feed.
  case lineEnd

  /// The least number of scalars the element takes.
  var minimumLength: Int {
    switch self {
    case .run(_, let minimum, _, _): minimum
    case .group(let branches, let minimum, _): minimum * Self.minimumLength(of: branches)
    case .lookahead, .lineEnd: 0
    }
  }

  /// Instructions that the alternatives take at the most.
  static func size(of branches: [[PatternNode]]) -> Int {
    branches.reduce(0) { $0 + 2 + $1.reduce(0) { $0 + $1.size } }
  }

  private var size: Int {
    switch self {
    case .run, .lineEnd: 1
    case .lookahead(let branches, _): 2 + Self.size(of: branches)
    case .group(let branches, let minimum, let maximum):
      (maximum == .max ? max(minimum, 1) : maximum) * (2 + Self.size(of: branches))
    }
  }

  static func minimumLength(of branches: [[PatternNode]]) -> Int {
    branches.map { $0.reduce(0) { $0 + $1.minimumLength } }.min() ?? 0
  }
}

/// The distinct classes of a pre-tokenizer's patterns; a class is one bit of a 64-bit set.
struct ClassList: Sendable {
  private(set) var classes: [CharacterClass] = []

  /// The class's index, or nil if 64 others are already there.
  mutating func index(of set: CharacterClass) -> Int? {
    if let index = classes.firstIndex(of: set) { return index }
    guard classes.count < 64 else { return nil }
    classes.append(set)
    return classes.count - 1
  }
}
