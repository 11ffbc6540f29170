// From a piece of text to ids: the alphabet, the merges, and what happens to the unknown.

/// A byte-pair vocabulary over bytes or over characters.
struct BytePairModel: Sendable {
  /// The symbols a piece is first cut into.
  enum Alphabet: Sendable {
    /// The symbol of each byte, ``none`` where the vocabulary lacks it.
    case bytes([UInt32])
    /// The symbol of each character that has one.
    case scalars([UInt32: UInt32])
  }

  static let none = UInt32.max

  var alphabet: Alphabet
  var merges: MergeTable
  /// Finds whole pieces that are tokens and need no merging (`ignore_merges`).
  var wholePieces: TokenIndex?
  /// The token of each byte, for characters without one (`byte_fallback`).
  var byteTokens: [UInt32]?
  var unknown: UInt32?
  /// Whether successive unknown characters make one unknown token.
  var fusesUnknown = false
  /// Whether no merge joins a word and the space marker after it, so that words can be merged alone.
  var splitsAtMarker = false
  /// Characters that occur in tokens but are none: symbols from this number on, with their bytes.
  var firstPlaceholder = none
  var placeholders: [[UInt8]] = []

  /// Buffers and memory of one text's encoding.
  struct Workspace {
    var merger = Merger()
    var cache = PieceCache()
    var symbols: [UInt32] = []
  }

  /// Appends the ids of one piece to `output`.
  func encode(
    _ bytes: [UInt8], _ range: Range<Int>, _ work: inout Workspace, to output: inout [Int]
  ) throws(TokenizerError) {
    guard splitsAtMarker else { return try encodePart(bytes, range, &work, to: &output) }
    var start = range.lowerBound
    var position = start
    var afterMarker = true
    while position < range.upperBound {
      let isMarker = isSpaceMarker(bytes, at: position, before: range.upperBound)
      if isMarker, !afterMarker {
        try encodePart(bytes, start..<position, &work, to: &output)
        start = position
      }
      afterMarker = isMarker
      position += isMarker ? 3 : 1
    }
    if start < range.upperBound {
      try encodePart(bytes, start..<range.upperBound, &work, to: &output)
    }
  }

  private func encodePart(
    _ bytes: [UInt8], _ range: Range<Int>, _ work: inout Workspace, to output: inout [Int]
  ) throws(TokenizerError) {
    let key = work.cache.key(bytes, range)
    if let key, work.cache.append(key, bytes, range, to: &output) { return }
    let start = output.count
    if let id = wholePieces?.id(bytes, range) {
      output.append(id)
    } else {
      try cut(bytes, range, &work.symbols)
      work.merger.merge(&work.symbols, merges)
      if placeholders.isEmpty {
        for symbol in work.symbols { output.append(Int(symbol)) }
      } else {
        for symbol in work.symbols { try expand(symbol, to: &output) }
      }
    }
    if let key { work.cache.remember(key, bytes, range, output[start...]) }
  }

  private func cut(
    _ bytes: [UInt8], _ range: Range<Int>, _ symbols: inout [UInt32]
  ) throws(TokenizerError) {
    symbols.removeAll(keepingCapacity: true)
    switch alphabet {
    case .bytes(let table):
      for index in range {
        let symbol = table[Int(bytes[index])]
        if symbol != Self.none {
          symbols.append(symbol)
        } else {
          try appendUnknown(bytes[index...index], &symbols)
        }
      }
    case .scalars(let table):
      var position = range.lowerBound
      while position < range.upperBound {
        let length = utf8Length(lead: bytes[position])
        if let symbol = table[scalarValue(bytes, at: position, length: length)] {
          symbols.append(symbol)
        } else {
          try appendUnknown(bytes[position..<position + length], &symbols)
        }
        position += length
      }
    }
  }

  private func appendUnknown(
    _ bytes: ArraySlice<UInt8>, _ symbols: inout [UInt32]
  ) throws(TokenizerError) {
    if let byteTokens, bytes.allSatisfy({ byteTokens[Int($0)] != Self.none }) {
      for byte in bytes { symbols.append(byteTokens[Int(byte)]) }
    } else if let unknown {
      if !fusesUnknown || symbols.last != unknown { symbols.append(unknown) }
    } else {
      throw .noToken(text: String(decoding: bytes, as: UTF8.self))
    }
  }

  /// Puts out a symbol that may be a placeholder.
  private func expand(_ symbol: UInt32, to output: inout [Int]) throws(TokenizerError) {
    guard symbol >= firstPlaceholder else { return output.append(Int(symbol)) }
    var symbols = output.last.map { [UInt32(truncatingIfNeeded: $0)] } ?? []
    let before = symbols.count
    try appendUnknown(placeholders[Int(symbol - firstPlaceholder)][...], &symbols)
    for new in symbols[before...] { output.append(Int(new)) }
  }
}

extension BytePairModel {
  /// Whether words can be merged each for itself: no merge joins a character and a marker after it,
  /// and no character is left to an unknown token, which could be fused with the next word's.
  func canSplitAtMarker(_ key: (Int) -> ArraySlice<UInt8>?) -> Bool {
    guard wholePieces == nil, let byteTokens, !byteTokens.contains(Self.none) else { return false }
    return !merges.contains { left, right in
      guard let right = key(right), right.starts(with: spaceMarker) else { return false }
      return key(left)?.suffix(3).elementsEqual(spaceMarker) != true
    }
  }
}

/// The UTF-8 bytes of U+2581, which stands for a space in SentencePiece vocabularies.
let spaceMarker: [UInt8] = [0xE2, 0x96, 0x81]

@inline(__always)
func isSpaceMarker(_ bytes: [UInt8], at position: Int, before end: Int) -> Bool {
  bytes[position] == 0xE2 && position + 2 < end && bytes[position + 1] == 0x96
    && bytes[position + 2] == 0x81
}
