// Text to token ids and back, as the model was trained.

/// A byte-pair tokenizer, byte-level or SentencePiece-style.
///
/// Immutable, so it can be shared between threads.
public struct Tokenizer: Sendable {
  /// One more than the largest id.
  public let vocabularySize: Int
  /// Ids at which generation stops: those of the file, or tokens known to end a text by their name.
  /// A checkpoint's generation settings may add others.
  public var endOfText: Set<Int>
  /// The id put before a text when special tokens are asked for, if there is one.
  package var beginOfText: Int? { prefix.first }

  let rawTokens: AddedTokenMatcher
  let normalizedTokens: AddedTokenMatcher
  let normalizer: Normalizer
  let preTokenizer: PreTokenizer
  let model: BytePairModel
  /// What each id stands for in decoded text.
  let surfaces: TokenTable
  let special: Set<Int>
  let added: [AddedToken]
  /// Ids put around a text when special tokens are asked for.
  let prefix: [Int]
  let suffix: [Int]
  /// Whether decoding takes away the space that encoding puts before a text.
  let stripsLeadingSpace: Bool
  /// Whether what the normalizer puts before a text stands only at the start of the whole text and
  /// after special tokens, as SentencePiece has it, and not after every added token.
  let prependsAfterSpecialOnly: Bool

  init(parts: TokenizerParts) {
    vocabularySize = parts.surfaces.count
    endOfText = parts.endOfText
    rawTokens = AddedTokenMatcher(parts.added.filter { !$0.isNormalized })
    let normalizer = parts.normalizer
    normalizedTokens = AddedTokenMatcher(
      parts.added.filter(\.isNormalized).map {
        AddedToken(
          id: $0.id, content: normalizer.apply($0.content), isSingleWord: $0.isSingleWord,
          stripsLeft: $0.stripsLeft, stripsRight: $0.stripsRight)
      })
    self.normalizer = normalizer
    preTokenizer = parts.preTokenizer
    model = parts.model
    surfaces = parts.surfaces
    added = parts.added
    special = Set(parts.added.lazy.filter(\.isSpecial).map(\.id))
    prefix = parts.prefix
    suffix = parts.suffix
    stripsLeadingSpace = parts.stripsLeadingSpace
    prependsAfterSpecialOnly = parts.prependsAfterSpecialOnly
  }

  /// The id of an added token with exactly this text, such as `<|im_end|>`.
  public func id(ofAddedToken content: String) -> Int? {
    let bytes = Array(content.utf8)
    return added.first { $0.content == bytes }?.id
  }

  /// Whether `id` is a special token, left out of text on request.
  public func isSpecial(_ id: Int) -> Bool { special.contains(id) }
}

/// What the readers of `tokenizer.json` and of GGUF metadata fill in.
struct TokenizerParts {
  var endOfText: Set<Int> = []
  var added: [AddedToken] = []
  var normalizer = Normalizer()
  var preTokenizer: PreTokenizer
  var model: BytePairModel
  var surfaces: TokenTable
  var prefix: [Int] = []
  var suffix: [Int] = []
  var stripsLeadingSpace = false
  var prependsAfterSpecialOnly = false
}

// MARK: - Encoding

extension Tokenizer {
  /// The ids of `text`. Added tokens that occur in it are recognised.
  ///
  /// - Parameter special: Whether to put the begin and end tokens of the post-processor around it.
  /// - Complexity: O(n log n) in the longest piece, linear in the number of pieces.
  public func encode(_ text: String, special: Bool = false) throws(TokenizerError) -> [Int] {
    try encode(utf8: Array(text.utf8), special: special)
  }

  /// The ids of a text given as UTF-8.
  ///
  /// - Throws: ``TokenizerError/invalidUTF8(offset:)`` with the first byte that is not UTF-8.
  public func encode(utf8 text: [UInt8], special: Bool = false) throws(TokenizerError) -> [Int] {
    if let offset = firstInvalidUTF8(text) { throw .invalidUTF8(offset: offset) }
    guard text.count < Int(Int32.max) else { throw .textTooLong(bytes: text.count) }
    var encoding = Encoding(self)
    if special { encoding.ids = prefix }
    for part in rawTokens.parts(of: text) {
      if let id = part.id {
        encoding.ids.append(id)
      } else {
        try encoding.append(Array(text[part.range]), startsText: part.range.lowerBound == 0)
      }
    }
    if special { encoding.ids += suffix }
    return encoding.ids
  }

  /// The state of one text's encoding.
  private struct Encoding {
    let tokenizer: Tokenizer
    var ids: [Int] = []
    var kinds: KindTable
    var work = BytePairModel.Workspace()

    init(_ tokenizer: Tokenizer) {
      self.tokenizer = tokenizer
      kinds = KindTable(tokenizer.preTokenizer.kinds)
    }

    /// Appends the ids of text between added tokens that are found before normalization.
    mutating func append(_ raw: [UInt8], startsText: Bool) throws(TokenizerError) {
      let afterSpecial = startsText || ids.last.map(tokenizer.special.contains) ?? true
      let applies = !tokenizer.prependsAfterSpecialOnly || afterSpecial
      let text = applies ? tokenizer.normalizer.apply(raw) : tokenizer.normalizer.withoutPrefix(raw)
      for part in tokenizer.normalizedTokens.parts(of: text) {
        if let id = part.id {
          ids.append(id)
          continue
        }
        let isWhole = part.range.count == text.count
        let pieces = try tokenizer.preTokenizer.pieces(
          of: isWhole ? text : Array(text[part.range]),
          startsText: startsText && part.range.lowerBound == 0, &kinds)
        for range in pieces.ranges where !range.isEmpty {
          try tokenizer.model.encode(pieces.bytes, range, &work, to: &ids)
        }
      }
    }
  }
}

// MARK: - Decoding

extension Tokenizer {
  /// The text of `ids`; what is not UTF-8 becomes U+FFFD.
  ///
  /// - Parameter skipSpecial: Whether special tokens are left out.
  public func decode(_ ids: [Int], skipSpecial: Bool = false) throws(TokenizerError) -> String {
    String(decoding: try decodeBytes(ids, skipSpecial: skipSpecial), as: UTF8.self)
  }

  /// The bytes of `ids`: for a byte-level tokenizer exactly those that were encoded.
  public func decodeBytes(
    _ ids: [Int], skipSpecial: Bool = false
  ) throws(TokenizerError) -> [UInt8] {
    var bytes: [UInt8] = []
    var isFirst = true
    for id in ids { try append(id, skipSpecial: skipSpecial, isFirst: &isFirst, to: &bytes) }
    return bytes
  }

  /// Appends what `id` stands for; `isFirst` says whether nothing has been put out before.
  func append(
    _ id: Int, skipSpecial: Bool, isFirst: inout Bool, to bytes: inout [UInt8]
  ) throws(TokenizerError) {
    guard var surface = surfaces[id] else {
      throw .unknownID(id, vocabulary: vocabularySize)
    }
    if skipSpecial, special.contains(id) { return }
    if isFirst, stripsLeadingSpace, surface.first == 0x20 { surface = surface.dropFirst() }
    isFirst = false
    bytes.append(contentsOf: surface)
  }
}
