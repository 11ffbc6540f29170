// A tokenizer from the metadata of a GGUF file (keys `tokenizer.ggml.*`).

/// The tokenizer's metadata, as a reader of GGUF files fills it in. What a file lacks stays nil.
public struct GGUFVocabulary: Sendable {
  /// `tokenizer.ggml.model`.
  public var model: String
  /// `tokenizer.ggml.pre`.
  public var pre: String?
  /// `tokenizer.ggml.tokens`, by id.
  public var tokens: [String]
  /// `tokenizer.ggml.merges`, the best first.
  public var merges: [String]?
  /// `tokenizer.ggml.scores`, by id.
  public var scores: [Float]?
  /// `tokenizer.ggml.token_type`, by id.
  public var tokenTypes: [Int]?
  /// `tokenizer.ggml.bos_token_id` and so on.
  public var bosID: Int?
  public var eosID: Int?
  public var unknownID: Int?
  /// `tokenizer.ggml.eot_token_id`, `eom_token_id` and other ids that end a turn.
  public var otherEndIDs: [Int] = []
  /// `tokenizer.ggml.add_bos_token` and so on.
  public var addsBOS: Bool?
  public var addsEOS: Bool?
  public var addsSpacePrefix: Bool?
  public var removesExtraWhitespace: Bool?
  /// Whether the file has `tokenizer.ggml.precompiled_charsmap`, a normalization that is not supported.
  public var hasCharacterMap = false

  public init(model: String, tokens: [String]) {
    self.model = model
    self.tokens = tokens
  }
}

/// Values of `tokenizer.ggml.token_type` (the GGUF specification).
enum GGUFTokenType: Int, Sendable {
  case normal = 1
  case unknown, control, userDefined, unused, byte
}

extension Tokenizer {
  /// Builds the tokenizer of a GGUF file.
  ///
  /// `gpt2` is byte-level BPE by merges, `llama` SentencePiece BPE by scores. Another model and a
  /// pre-tokenizer that is not known are refused by name.
  public static func load(gguf vocabulary: GGUFVocabulary) throws(TokenizerError) -> Tokenizer {
    let reader = try GGUFVocabularyReader(vocabulary)
    switch vocabulary.model {
    case "gpt2": return Tokenizer(parts: try reader.byteLevel())
    case "llama": return Tokenizer(parts: try reader.sentencePiece())
    default:
      throw .unsupported(field: "tokenizer.ggml.model", value: vocabulary.model)
    }
  }
}

/// What both kinds of vocabulary have in common.
struct GGUFVocabularyReader {
  let source: GGUFVocabulary
  let types: [GGUFTokenType]

  init(_ source: GGUFVocabulary) throws(TokenizerError) {
    self.source = source
    let count = source.tokens.count
    guard count > 0 else { throw .field("tokenizer.ggml.tokens", rule: "is empty") }
    guard count <= 1 << 22 else {
      throw .field("tokenizer.ggml.tokens", rule: "has \(count) tokens; at most \(1 << 22)")
    }
    try Self.check("scores", source.scores?.count, count)
    try Self.check("token_type", source.tokenTypes?.count, count)
    var types: [GGUFTokenType] = []
    for (id, number) in (source.tokenTypes ?? []).enumerated() {
      // Some converters leave 0 for a token that is not used.
      guard let type = number == 0 ? .unused : GGUFTokenType(rawValue: number) else {
        throw .field("tokenizer.ggml.token_type", rule: "token \(id) is of unknown type \(number)")
      }
      types.append(type)
    }
    self.types = types.isEmpty ? [GGUFTokenType](repeating: .normal, count: count) : types
    for (name, id) in [
      ("bos_token_id", source.bosID), ("eos_token_id", source.eosID),
      ("unknown_token_id", source.unknownID),
    ] + source.otherEndIDs.map({ ("eot_token_id", $0) }) {
      guard let id, id < 0 || id >= count else { continue }
      throw .field("tokenizer.ggml.\(name)", rule: "\(id) is not in the vocabulary of \(count)")
    }
    if source.hasCharacterMap {
      throw .unsupported(field: "tokenizer.ggml.precompiled_charsmap", value: "a normalization")
    }
    if source.removesExtraWhitespace == true {
      throw .unsupported(field: "tokenizer.ggml.remove_extra_whitespaces", value: "true")
    }
  }

  private static func check(_ name: String, _ found: Int?, _ count: Int) throws(TokenizerError) {
    guard let found, found != count else { return }
    throw .field("tokenizer.ggml.\(name)", rule: "has \(found) entries for \(count) tokens")
  }

  /// Tokens that are found in the text as they stand.
  func added() throws(TokenizerError) -> [AddedToken] {
    var tokens: [AddedToken] = []
    for (id, type) in types.enumerated() {
      guard type == .control || type == .userDefined else { continue }
      let content = Array(source.tokens[id].utf8)
      tokens.append(AddedToken(id: id, content: content, isSpecial: type == .control))
    }
    try AddedToken.checkLengths(tokens, field: "tokenizer.ggml.tokens")
    return tokens
  }

  /// Fills in what stands around a text and what ends it.
  func finish(_ parts: inout TokenizerParts, addsBOS: Bool) {
    if source.addsBOS ?? addsBOS, let bos = source.bosID { parts.prefix = [bos] }
    if source.addsEOS ?? false, let eos = source.eosID { parts.suffix = [eos] }
    parts.endOfText = Set(parts.added.lazy.filter { isKnownEnd($0.content) }.map(\.id))
    parts.endOfText.formUnion(source.otherEndIDs)
    if let eos = source.eosID { parts.endOfText.insert(eos) }
  }
}

// MARK: - Byte-level BPE

extension GGUFVocabularyReader {
  func byteLevel() throws(TokenizerError) -> TokenizerParts {
    guard let merges = source.merges else {
      throw .field("tokenizer.ggml.merges", rule: "is missing")
    }
    let style = try GGUFPreTokenizer(source.pre)
    var keys = TokenTable()
    var surfaces = TokenTable()
    var isModelled: [Bool] = []
    for (id, token) in source.tokens.enumerated() {
      let literal = Array(token.utf8)
      let isAdded = types[id] == .control || types[id] == .userDefined
      let bytes = isAdded ? nil : ByteAlphabet.bytes(of: token)
      keys.append(bytes ?? literal)
      surfaces.append(bytes ?? literal)
      isModelled.append(bytes != nil && types[id] != .unused)
    }
    let (index, duplicate) = TokenIndex.build(keys) { isModelled[$0] }
    if let duplicate {
      throw .field("tokenizer.ggml.tokens", rule: "token \(duplicate) repeats an earlier one")
    }
    var model = BytePairModel(
      alphabet: .bytes(
        (0...255 as ClosedRange<UInt8>).map {
          index.id([$0]).map { UInt32(truncatingIfNeeded: $0) } ?? BytePairModel.none
        }),
      merges: try mergeTable(
        merges.lazy.map { .string($0) }, count: merges.count, isByteLevel: true, index,
        path: "tokenizer.ggml.merges"))
    if style.ignoresMerges { model.wholePieces = index }
    var parts = TokenizerParts(
      preTokenizer: try style.preTokenizer(), model: model, surfaces: surfaces)
    parts.normalizer = style.normalizer
    parts.added = try added()
    finish(&parts, addsBOS: style.addsBOS)
    return parts
  }
}
