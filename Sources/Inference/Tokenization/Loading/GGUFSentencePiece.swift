// SentencePiece BPE of GGUF files: merges are not listed, they follow from the tokens and their scores.

extension GGUFVocabularyReader {
  func sentencePiece() throws(TokenizerError) -> TokenizerParts {
    let keys = table { Array($0.utf8) }
    let settings = DecoderSettings.sentencePiece(
      stripsLeadingSpace: source.addsSpacePrefix ?? true)
    let (index, duplicate) = TokenIndex.build(keys) { isPiece($0) }
    if let duplicate {
      throw .field("tokenizer.ggml.tokens", rule: "token \(duplicate) repeats an earlier one")
    }
    var model = try ScoredMerges(keys, index, ranks: ranks(), isPiece: isPiece).model
    model.byteTokens = try byteTokens()
    model.unknown = unknown
    model.fusesUnknown = true
    model.splitsAtMarker = model.canSplitAtMarker { keys[$0] }
    var parts = TokenizerParts(
      preTokenizer: PreTokenizer([], classes: ClassList()), model: model,
      surfaces: surfaces(settings))
    parts.added = try added().map {
      var token = $0
      token.content = replacing(token.content, spaceMarker, [0x20])
      return token
    }
    if settings.stripsLeadingSpace { parts.normalizer.steps.append(.prepend(spaceMarker)) }
    parts.normalizer.steps.append(.replace([0x20], with: spaceMarker))
    parts.stripsLeadingSpace = settings.stripsLeadingSpace
    parts.prependsAfterSpecialOnly = true
    finish(&parts, addsBOS: true)
    return parts
  }

  private func table(_ bytes: (String) -> [UInt8]) -> TokenTable {
    var table = TokenTable()
    for token in source.tokens { table.append(bytes(token)) }
    return table
  }

  private func surfaces(_ settings: DecoderSettings) -> TokenTable {
    var table = TokenTable()
    for (id, token) in source.tokens.enumerated() {
      let literal = Array(token.utf8)
      table.append(types[id] == .control ? literal : settings.surface(literal))
    }
    return table
  }

  private func isPiece(_ id: Int) -> Bool { types[id] == .normal || types[id] == .userDefined }

  private var unknown: UInt32? {
    (source.unknownID ?? types.firstIndex(of: .unknown)).map { UInt32(truncatingIfNeeded: $0) }
  }

  private func byteTokens() throws(TokenizerError) -> [UInt32]? {
    var tokens = [UInt32](repeating: BytePairModel.none, count: 256)
    var isEmpty = true
    for (id, token) in source.tokens.enumerated() where types[id] == .byte {
      guard let byte = byteValue(ofToken: Array(token.utf8)) else {
        throw .field(
          "tokenizer.ggml.tokens", rule: "token \(id) of type byte is \(token.quotedForMessage())")
      }
      tokens[Int(byte)] = UInt32(truncatingIfNeeded: id)
      isEmpty = false
    }
    return isEmpty ? nil : tokens
  }

  /// The place of each id's score among the scores that occur, the highest first. Equal scores are
  /// equally good: then the leftmost pair merges.
  private func ranks() throws(TokenizerError) -> [UInt32] {
    guard let scores = source.scores else {
      throw .field("tokenizer.ggml.scores", rule: "is missing")
    }
    if let id = scores.firstIndex(where: \.isNaN) {
      throw .field("tokenizer.ggml.scores", rule: "the score of token \(id) is not a number")
    }
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    var ranks = [UInt32](repeating: 0, count: scores.count)
    for (place, id) in order.enumerated().dropFirst() {
      let previous = order[place - 1]
      ranks[id] = ranks[previous] + (scores[id] == scores[previous] ? 0 : 1)
    }
    return ranks
  }
}

/// Derives the merges of a vocabulary with scores: any two symbols merge whose text is a token, the
/// token with the highest score first (Kudo and Richardson 2018).
private struct ScoredMerges {
  private let keys: TokenTable
  private let index: TokenIndex
  /// Characters that are no tokens but occur in some.
  private var placeholders: [[UInt8]] = []
  private var symbolOfPlaceholder: [[UInt8]: UInt32] = [:]
  private var scalars: [UInt32: UInt32] = [:]
  private var merges: MergeTable
  /// Longer tokens than any vocabulary has; what finding their merges takes grows with the square.
  private static let longest = 1024

  init(
    _ keys: TokenTable, _ index: TokenIndex, ranks: [UInt32], isPiece: (Int) -> Bool
  ) throws(TokenizerError) {
    self.keys = keys
    self.index = index
    merges = MergeTable(capacity: keys.count * 4)
    for id in 0..<keys.count where isPiece(id) {
      guard let key = keys[id].map(Array.init), !key.isEmpty else { continue }
      guard key.count <= Self.longest else {
        throw .field(
          "tokenizer.ggml.tokens", rule: "token \(id) is longer than \(Self.longest) bytes")
      }
      addMerges(of: key, id, ranks[id])
    }
  }

  var model: BytePairModel {
    var model = BytePairModel(alphabet: .scalars(scalars), merges: merges)
    model.placeholders = placeholders
    model.firstPlaceholder = UInt32(truncatingIfNeeded: keys.count)
    return model
  }

  private mutating func addMerges(of key: [UInt8], _ id: Int, _ rank: UInt32) {
    var position = utf8Length(lead: key[0])
    if position == key.count {
      scalars[scalarValue(key, at: 0, length: position)] = UInt32(truncatingIfNeeded: id)
    }
    while position < key.count {
      if let left = symbol(key, 0..<position), let right = symbol(key, position..<key.count) {
        merges.insert(
          left, right, MergeTable.Merge(rank: rank, symbol: UInt32(truncatingIfNeeded: id)))
      }
      position += utf8Length(lead: key[position])
    }
  }

  /// The symbol of a part of a token: a token, or a single character.
  private mutating func symbol(_ key: [UInt8], _ range: Range<Int>) -> UInt32? {
    if let id = index.id(key, range) { return UInt32(truncatingIfNeeded: id) }
    let length = utf8Length(lead: key[range.lowerBound])
    guard range.count == length else { return nil }
    let bytes = Array(key[range])
    if let known = symbolOfPlaceholder[bytes] { return known }
    let symbol = UInt32(truncatingIfNeeded: keys.count + placeholders.count)
    placeholders.append(bytes)
    symbolOfPlaceholder[bytes] = symbol
    scalars[scalarValue(key, at: range.lowerBound, length: length)] = symbol
    return symbol
  }
}
