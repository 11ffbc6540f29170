// `model` of tokenizer.json: vocabulary and merges of a BPE model.

import StrictJSON

struct VocabularyReader {
  private let field: Field
  private let isByteLevel: Bool
  private let added: [AddedToken]
  /// Strings as the model sees them, by id: raw bytes where the vocabulary is byte-level.
  private var keys = TokenTable()
  /// Whether an id's string takes part in the model, which added tokens need not.
  private var isModelled: [Bool] = []
  /// What decoding makes of an id that has no place in a byte alphabet.
  private var literals: [Int: [UInt8]] = [:]
  private var index: TokenIndex

  init(_ field: Field, added: [AddedToken], isByteLevel: Bool) throws(TokenizerError) {
    let type = try field.optional("type")?.string() ?? "BPE"
    guard type == "BPE" else { throw .unsupported(field: "model.type", value: type) }
    try field.refuse("dropout") { $0.double == 0 }
    try field.refuse("continuing_subword_prefix") { $0.string?.isEmpty == true }
    try field.refuse("end_of_word_suffix") { $0.string?.isEmpty == true }
    self.field = field
    self.isByteLevel = isByteLevel
    self.added = added
    let names = try Self.names(field.member("vocab"), added)
    for (id, name) in names.tokens.enumerated() {
      let literal = name.map { Array($0.utf8) }
      let raw = isByteLevel ? name.flatMap(ByteAlphabet.bytes) : literal
      isModelled.append(raw != nil && names.inVocabulary[id])
      if isByteLevel, raw == nil, let literal { literals[id] = literal }
      keys.append(raw ?? literal)
    }
    for token in added { literals[token.id] = token.content }
    let modelled = isModelled
    let built = TokenIndex.build(keys) { modelled[$0] }
    if let id = built.duplicate {
      throw .field("model.vocab", rule: "ids up to \(id) give one token twice")
    }
    index = built.index
  }

  /// The tokens by id, those of the vocabulary and the added ones.
  private static func names(
    _ vocab: Field, _ added: [AddedToken]
  ) throws(TokenizerError) -> (tokens: [String?], inVocabulary: [Bool]) {
    let entries = try entries(vocab, added)
    let count = max(entries.map(\.id).max() ?? -1, added.map(\.id).max() ?? -1) + 1
    var tokens = [String?](repeating: nil, count: count)
    var inVocabulary = [Bool](repeating: false, count: count)
    for (id, name) in entries {
      if let other = tokens[id] {
        throw .field(
          "model.vocab.\(name)", rule: "id \(id) is also that of \(other.quotedForMessage())")
      }
      tokens[id] = name
      inVocabulary[id] = true
    }
    for token in added { tokens[token.id] = try content(of: token, vocab, tokens[token.id]) }
    return (tokens, inVocabulary)
  }

  /// The vocabulary's entries, after all ids, the added tokens' too, are found to be near their number: the tables
  /// made from them are as long as the largest.
  private static func entries(
    _ vocab: Field, _ added: [AddedToken]
  ) throws(TokenizerError) -> [(id: Int, name: String)] {
    let members = try vocab.object().members
    let limit = max(1 << 20, 2 * (members.count + added.count))
    var entries: [(id: Int, name: String)] = []
    entries.reserveCapacity(members.count)
    for member in members {
      guard let id = member.value.int, id >= 0, id < limit else {
        throw .field(
          "model.vocab.\(member.key)",
          rule: "an id in 0..<\(limit) expected, \(describe(member.value)) found")
      }
      entries.append((id, member.key))
    }
    for token in added where token.id >= limit {
      throw .field("added_tokens", rule: "id \(token.id) is not in 0..<\(limit)")
    }
    return entries
  }

  /// The text of an added token, which may stand in the vocabulary under the same id only.
  private static func content(
    of token: AddedToken, _ vocab: Field, _ name: String?
  ) throws(TokenizerError) -> String {
    let content = String(decoding: token.content, as: UTF8.self)
    if let id = vocab.value[content]?.int, id != token.id {
      throw .field(
        "added_tokens",
        rule: "\(content.quotedForMessage()) has id \(token.id) here and \(id) in the vocabulary")
    }
    if let name, !name.hasSameBytes(as: content) {
      throw .field(
        "added_tokens",
        rule: "id \(token.id) is \(content.quotedForMessage()) here and "
          + "\(name.quotedForMessage()) in the vocabulary")
    }
    return content
  }

  private static func describe(_ value: JSONValue) -> String {
    value.number?.text.escapedForMessage(limit: 30) ?? value.kind
  }

  /// What each id stands for in decoded text.
  ///
  /// An added token that is looked for after normalization stands for what was found: with a
  /// normalizer that puts a marker before it, that is a space more.
  func surfaces(decoder: DecoderSettings, normalizer: Normalizer) -> TokenTable {
    var added: [Int: [UInt8]] = [:]
    for token in self.added {
      added[token.id] =
        token.isNormalized && !isByteLevel
        ? decoder.surface(normalizer.apply(token.content)) : token.content
    }
    var surfaces = TokenTable()
    for id in 0..<keys.count {
      let key = keys[id].map(Array.init)
      if isByteLevel {
        surfaces.append(literals[id] ?? key)
      } else {
        surfaces.append(added[id] ?? key.map(decoder.surface))
      }
    }
    return surfaces
  }
}

// MARK: - Model

extension VocabularyReader {
  mutating func model() throws(TokenizerError) -> BytePairModel {
    var model = BytePairModel(alphabet: alphabet(), merges: try merges())
    if try field.bool("ignore_merges", default: false) { model.wholePieces = index }
    if try field.bool("byte_fallback", default: false) {
      let tokens = byteTokens()
      model.byteTokens = tokens
    }
    if let unknown = field.optional("unk_token") {
      let name = try unknown.string()
      guard let id = id(Array(name.utf8)) else {
        throw .field(unknown.path, rule: "\(name.quotedForMessage()) is not in the vocabulary")
      }
      model.unknown = UInt32(truncatingIfNeeded: id)
    }
    model.fusesUnknown = try field.bool("fuse_unk", default: false)
    model.splitsAtMarker = canSplitAtMarker(model)
    return model
  }

  private func id(_ bytes: [UInt8]) -> Int? {
    index.id(bytes) ?? added.first { $0.content == bytes }?.id
  }

  private func alphabet() -> BytePairModel.Alphabet {
    if isByteLevel {
      return .bytes(
        (0...255 as ClosedRange<UInt8>).map {
          index.id([$0]).map { UInt32(truncatingIfNeeded: $0) } ?? BytePairModel.none
        })
    }
    var scalars: [UInt32: UInt32] = [:]
    for id in 0..<keys.count where isModelled[id] {
      guard let key = keys[id].map(Array.init), let lead = key.first,
        utf8Length(lead: lead) == key.count
      else { continue }
      let value = scalarValue(key, at: 0, length: key.count)
      scalars[value] = UInt32(truncatingIfNeeded: id)
    }
    return .scalars(scalars)
  }

  private func byteTokens() -> [UInt32] {
    (0...255 as ClosedRange<UInt8>).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      let name = "<0x\(digits.utf8.count == 1 ? "0" : "")\(digits)>"
      return index.id(Array(name.utf8)).map { UInt32(truncatingIfNeeded: $0) }
        ?? BytePairModel.none
    }
  }

  private func merges() throws(TokenizerError) -> MergeTable {
    let list = try field.member("merges")
    guard let entries = list.value.array else {
      throw .field(list.path, rule: "an array expected, \(list.value.kind) found")
    }
    return try mergeTable(
      entries, count: entries.count, isByteLevel: isByteLevel, index, path: list.path)
  }

  private func canSplitAtMarker(_ model: BytePairModel) -> Bool {
    !isByteLevel && model.canSplitAtMarker { keys[$0] }
  }
}
