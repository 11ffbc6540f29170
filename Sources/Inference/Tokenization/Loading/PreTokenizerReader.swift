// `normalizer` and `pre_tokenizer` of tokenizer.json. What is not known is refused by name.

import StrictJSON

/// The pattern of GPT-2, which `ByteLevel` uses by itself (Radford et al. 2019).
let gpt2Pattern =
  #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

/// Collects the steps of a pre-tokenizer.
struct PreTokenizerReader {
  private(set) var steps: [PreTokenizer.Step] = []
  private(set) var classes = ClassList()
  private(set) var isByteLevel = false

  var preTokenizer: PreTokenizer { PreTokenizer(steps, classes: classes) }

  mutating func read(_ field: Field, depth: Int = 0) throws(TokenizerError) {
    guard depth < 4 else { throw .field(field.path, rule: "sequences nest deeper than 4") }
    let type = try field.type()
    if isByteLevel {
      throw .field(field.path, rule: "\"\(type)\" after ByteLevel is not supported")
    }
    switch type {
    case "Sequence":
      for part in try field.member("pretokenizers").array() { try read(part, depth: depth + 1) }
    case "ByteLevel":
      if try field.bool("add_prefix_space", default: true) { steps.append(.prefixSpace) }
      if try field.bool("use_regex", default: true) {
        try split(gpt2Pattern, .isolated, path: field.path)
      }
      isByteLevel = true
    case "Split": try readSplit(field)
    case "Digits":
      let individual = try field.bool("individual_digits", default: false)
      let digits = #"[\p{Nd}\p{Nl}\p{No}]"#
      try split(digits, individual ? .isolated : .contiguous, path: field.path)
    case "Metaspace": try readMetaspace(field)
    default: throw .unsupported(field: "\(field.path).type", value: type)
    }
  }

  /// Adds a split at the matches of a pattern.
  mutating func split(
    _ pattern: String, _ behavior: PreTokenizer.Behavior, isInverted: Bool = false, path: String
  ) throws(TokenizerError) {
    do throws(PatternFault) {
      let nodes = try PatternParser.parse(pattern, into: &classes)
      steps.append(.split(Pattern(nodes), behavior, isInverted: isInverted))
    } catch {
      throw .field(path, rule: "the pattern \(pattern.quotedForMessage()) \(error.reason)")
    }
  }

  private mutating func readSplit(_ field: Field) throws(TokenizerError) {
    let pattern = try field.member("pattern")
    let name = try field.member("behavior").string()
    guard let behavior = PreTokenizer.Behavior(rawValue: name) else {
      throw .unsupported(field: "\(field.path).behavior", value: name)
    }
    let isInverted = try field.bool("invert", default: false)
    if let regex = pattern.optional("Regex") {
      try split(regex.string(), behavior, isInverted: isInverted, path: regex.path)
    } else {
      let literal = try pattern.member("String")
      let escaped = try literal.string().unicodeScalars.map {
        "\\x{\(String($0.value, radix: 16))}"
      }
      try split(escaped.joined(), behavior, isInverted: isInverted, path: literal.path)
    }
  }

  private mutating func readMetaspace(_ field: Field) throws(TokenizerError) {
    let (marker, scheme) = try metaspace(field)
    let splits = try field.bool("split", default: true)
    steps.append(.marker(marker, scheme, splits: splits))
  }
}

/// The marker and where it is prepended, of a `Metaspace` pre-tokenizer or decoder.
func metaspace(_ field: Field) throws(TokenizerError) -> ([UInt8], PreTokenizer.PrependScheme) {
  let marker = try field.optional("replacement")?.string() ?? "\u{2581}"
  guard marker.unicodeScalars.count == 1, marker.utf8.elementsEqual(spaceMarker) else {
    throw .unsupported(field: "\(field.path).replacement", value: marker)
  }
  var scheme: PreTokenizer.PrependScheme =
    try field.bool("add_prefix_space", default: true) ? .always : .never
  if let given = field.optional("prepend_scheme") {
    let name = try given.string()
    guard let known = PreTokenizer.PrependScheme(rawValue: name) else {
      throw .unsupported(field: given.path, value: name)
    }
    scheme = known
  }
  return (Array(marker.utf8), scheme)
}

/// Adds the steps of `field` to `normalizer`.
func readNormalizer(
  _ field: Field, into normalizer: inout Normalizer, depth: Int = 0
) throws(TokenizerError) {
  guard depth < 4 else { throw .field(field.path, rule: "sequences nest deeper than 4") }
  let type = try field.type()
  switch type {
  case "Sequence":
    for part in try field.member("normalizers").array() {
      try readNormalizer(part, into: &normalizer, depth: depth + 1)
    }
  case "NFC": normalizer.steps.append(.composed)
  case "Prepend":
    normalizer.steps.append(.prepend(Array(try field.member("prepend").string().utf8)))
  case "Replace":
    let (pattern, content) = try replacement(field)
    normalizer.steps.append(.replace(pattern, with: content))
  default: throw .unsupported(field: "\(field.path).type", value: type)
  }
}

/// The pattern and the content of a `Replace`, which must be literal.
func replacement(_ field: Field) throws(TokenizerError) -> ([UInt8], [UInt8]) {
  let pattern = try field.member("pattern")
  if let regex = pattern.optional("Regex") {
    throw .unsupported(field: regex.path, value: try regex.string())
  }
  let literal = try pattern.member("String").string()
  guard !literal.isEmpty else { throw .field("\(pattern.path).String", rule: "is empty") }
  return (Array(literal.utf8), Array(try field.member("content").string().utf8))
}
