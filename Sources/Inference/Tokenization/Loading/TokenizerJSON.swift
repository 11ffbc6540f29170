// Reads a Hugging Face `tokenizer.json` whose model is BPE.

import StrictJSON

extension Tokenizer {
  /// Reads a parsed `tokenizer.json`.
  ///
  /// `truncation` and `padding` are left aside, as the library that writes the file resets them for
  /// every text. Whatever else would change the ids and is not known is refused by name.
  public static func load(json: JSONValue) throws(TokenizerError) -> Tokenizer {
    let root = Field(path: "", value: json)
    guard json.object != nil else {
      throw .field("tokenizer", rule: "an object expected, \(json.kind) found")
    }
    let modelField = try root.member("model")
    var normalizer = Normalizer()
    if let field = root.optional("normalizer") { try readNormalizer(field, into: &normalizer) }
    var reader = PreTokenizerReader()
    if let field = root.optional("pre_tokenizer") { try reader.read(field) }
    let decoder = try DecoderSettings(
      root.optional("decoder"), isByteLevel: reader.isByteLevel)
    let added = try readAddedTokens(root.optional("added_tokens"))
    var vocabulary = try VocabularyReader(
      modelField, added: added, isByteLevel: reader.isByteLevel)
    let model = try vocabulary.model()
    var parts = TokenizerParts(
      preTokenizer: reader.preTokenizer, model: model,
      surfaces: vocabulary.surfaces(decoder: decoder, normalizer: normalizer))
    parts.added = added
    parts.normalizer = normalizer
    parts.stripsLeadingSpace = decoder.stripsLeadingSpace
    (parts.prefix, parts.suffix) = try readPostProcessor(
      root.optional("post_processor"), count: parts.surfaces.count)
    parts.endOfText = Set(added.lazy.filter { isKnownEnd($0.content) }.map(\.id))
    return Tokenizer(parts: parts)
  }
}

/// Tokens that end a text or a turn in the families this engine runs.
private let knownEnds = [
  "<|endoftext|>", "<|im_end|>", "</s>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|eot|>",
  "<\u{FF5C}end\u{2581}of\u{2581}sentence\u{FF5C}>", "<|return|>", "<|call|>", "[EOS]", "<eos>",
  "[e~[",
].map { Array($0.utf8) }

func isKnownEnd(_ content: [UInt8]) -> Bool { knownEnds.contains(content) }

/// `added_tokens`, in the order of the file.
func readAddedTokens(_ field: Field?) throws(TokenizerError) -> [AddedToken] {
  guard let field else { return [] }
  var tokens: [AddedToken] = []
  var ids: Set<Int> = []
  var contents: Set<[UInt8]> = []
  for entry in try field.array() {
    let id = try entry.member("id").int()
    let content = Array(try entry.member("content").string().utf8)
    guard id >= 0 else { throw .field("\(entry.path).id", rule: "\(id) is negative") }
    guard ids.insert(id).inserted else {
      throw .field("\(entry.path).id", rule: "\(id) is given to another token as well")
    }
    guard contents.insert(content).inserted else {
      throw .field("\(entry.path).content", rule: "is the content of another token as well")
    }
    let isSpecial = try entry.bool("special", default: false)
    tokens.append(
      AddedToken(
        id: id, content: content, isSpecial: isSpecial,
        isSingleWord: try entry.bool("single_word", default: false),
        stripsLeft: try entry.bool("lstrip", default: false),
        stripsRight: try entry.bool("rstrip", default: false),
        isNormalized: try entry.bool("normalized", default: !isSpecial)))
  }
  try AddedToken.checkLengths(tokens, field: field.path)
  return tokens
}

/// The ids that a post-processor puts before and after a single text.
func readPostProcessor(
  _ field: Field?, count: Int, depth: Int = 0
) throws(TokenizerError) -> (prefix: [Int], suffix: [Int]) {
  guard let field else { return ([], []) }
  guard depth < 4 else { throw .field(field.path, rule: "sequences nest deeper than 4") }
  let type = try field.type()
  switch type {
  case "ByteLevel": return ([], [])
  case "Sequence":
    var all: (prefix: [Int], suffix: [Int]) = ([], [])
    for part in try field.member("processors").array() {
      let (prefix, suffix) = try readPostProcessor(part, count: count, depth: depth + 1)
      all = (prefix + all.prefix, all.suffix + suffix)
    }
    return all
  case "TemplateProcessing": return try readTemplate(field, count: count)
  default: throw .unsupported(field: "\(field.path).type", value: type)
  }
}

private func readTemplate(
  _ field: Field, count: Int
) throws(TokenizerError) -> (prefix: [Int], suffix: [Int]) {
  var prefix: [Int] = []
  var suffix: [Int] = []
  var hasText = false
  for item in try field.member("single").array() {
    if let sequence = item.optional("Sequence") {
      let name = try sequence.member("id").string()
      guard name == "A", !hasText else {
        throw .unsupported(field: sequence.path, value: "sequence \(name)")
      }
      hasText = true
      continue
    }
    let name = try item.member("SpecialToken").member("id").string()
    for entry in try field.member("special_tokens").member(name).member("ids").array() {
      let id = try entry.int()
      guard id >= 0, id < count else {
        throw .field(entry.path, rule: "\(id) is not in the vocabulary of \(count)")
      }
      if hasText { suffix.append(id) } else { prefix.append(id) }
    }
  }
  guard hasText else { throw .field("\(field.path).single", rule: "does not contain the text") }
  return (prefix, suffix)
}
