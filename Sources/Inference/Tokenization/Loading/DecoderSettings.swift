// `decoder` of tokenizer.json: what the tokens of a vocabulary stand for in decoded text.

/// How token strings become text. Everything but the stripped space is settled token by token.
struct DecoderSettings {
  var replacements: [(pattern: [UInt8], content: [UInt8])] = []
  /// Whether `<0x41>` is the byte 41.
  var hasByteFallback = false
  /// Whether a space at the very start is taken away.
  var stripsLeadingSpace = false

  /// The decoder of SentencePiece vocabularies.
  static func sentencePiece(stripsLeadingSpace: Bool) -> DecoderSettings {
    var settings = DecoderSettings()
    settings.replacements = [(spaceMarker, [0x20])]
    settings.hasByteFallback = true
    settings.stripsLeadingSpace = stripsLeadingSpace
    return settings
  }

  private init() {}

  init(_ field: Field?, isByteLevel: Bool) throws(TokenizerError) {
    guard let field else {
      if isByteLevel { return }
      throw .unsupported(field: "decoder", value: "null")
    }
    let type = try field.type()
    if isByteLevel {
      guard type == "ByteLevel" else { throw .unsupported(field: "decoder.type", value: type) }
    } else if type == "Sequence" {
      for part in try field.member("decoders").array() { try read(part) }
    } else {
      try read(field)
    }
  }

  private mutating func read(_ field: Field) throws(TokenizerError) {
    let type = try field.type()
    switch type {
    case "Replace":
      let (pattern, content) = try replacement(field)
      replacements.append((pattern, content))
    case "ByteFallback": hasByteFallback = true
    case "Fuse": break
    case "Strip":
      let content = try field.member("content").string()
      let start = try field.member("start").int()
      let stop = try field.member("stop").int()
      guard content == " ", start == 0 || start == 1, stop == 0 else {
        throw .unsupported(
          field: field.path, value: "strip \(start) and \(stop) of \(content)")
      }
      stripsLeadingSpace = start == 1
    case "Metaspace":
      let (marker, scheme) = try metaspace(field)
      replacements.append((marker, [0x20]))
      stripsLeadingSpace = scheme != .never
    default: throw .unsupported(field: "\(field.path).type", value: type)
    }
  }

  /// What a token of a vocabulary of characters stands for.
  func surface(_ token: [UInt8]) -> [UInt8] {
    if hasByteFallback, let byte = byteValue(ofToken: token) { return [byte] }
    return replacements.reduce(token) { replacing($0, $1.pattern, $1.content) }
  }
}

/// The byte that a token such as `<0x0A>` stands for.
func byteValue(ofToken token: [UInt8]) -> UInt8? {
  guard token.count == 6, token.starts(with: [0x3C, 0x30, 0x78]), token[5] == 0x3E else {
    return nil
  }
  return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
}
