// A strict JSON reader over UTF-8 bytes (RFC 8259): what it accepts has exactly one meaning.

/// What a reader accepts.
public struct JSONLimits: Sendable {
  /// Largest text in bytes.
  public var bytes: Int
  /// Deepest nesting of arrays and objects.
  public var depth: Int
  /// Whether `NaN`, `Infinity` and `-Infinity` are numbers, as Python writes them into `config.json`.
  public var acceptsNonFinite: Bool
  /// Whether an unpaired surrogate is read as U+FFFD: a stream may split a character over two texts.
  public var acceptsLoneSurrogates: Bool
  /// Most values in the text: a value takes more memory than the two bytes it may be written with.
  public var values: Int

  public init(
    bytes: Int = 256 << 20, depth: Int = 128, acceptsNonFinite: Bool = false,
    acceptsLoneSurrogates: Bool = false, values: Int = 32 << 20
  ) {
    self.bytes = bytes
    self.depth = depth
    self.acceptsNonFinite = acceptsNonFinite
    self.acceptsLoneSurrogates = acceptsLoneSurrogates
    self.values = values
  }
}

extension JSONValue {
  /// Reads one JSON value that fills the whole text.
  ///
  /// Duplicate keys, invalid UTF-8, unpaired surrogates, a byte-order mark and anything after the
  /// value are errors.
  ///
  /// - Complexity: O(bytes); nesting costs stack only up to `limits.depth`.
  public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
    var parser = try JSONParser(bytes: bytes, limits: limits)
    self = try parser.document()
  }

  /// Reads one JSON value from text; see ``init(parsing:limits:)-([UInt8],_)``.
  public init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
    try self.init(parsing: Array(text.utf8), limits: limits)
  }
}

struct JSONParser {
  let bytes: [UInt8]
  let limits: JSONLimits
  var position = 0
  var depth = 0
  private var values = 0

  init(bytes: [UInt8], limits: JSONLimits) throws(JSONError) {
    guard bytes.count <= limits.bytes else {
      throw JSONError(offset: 0, rule: .tooLarge(bytes: bytes.count, limit: limits.bytes))
    }
    self.bytes = bytes
    self.limits = limits
  }

  mutating func document() throws(JSONError) -> JSONValue {
    let result = try value()
    skipSpace()
    guard position == bytes.count else { throw error(.trailingData) }
    return result
  }

  func error(_ rule: JSONError.Rule) -> JSONError { JSONError(offset: position, rule: rule) }

  func unexpected(wanted: String) -> JSONError {
    position < bytes.count
      ? error(.unexpected(byte: bytes[position], wanted: wanted)) : error(.unexpectedEnd)
  }

  mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0a, 0x0d, 0x09: position += 1
      default: return
      }
    }
  }

  /// The next byte after white space, without taking it.
  mutating func peek() -> UInt8? {
    skipSpace()
    return position < bytes.count ? bytes[position] : nil
  }

  mutating func take(_ byte: Character, wanted: String) throws(JSONError) {
    guard peek() == byte.asciiValue else { throw unexpected(wanted: wanted) }
    position += 1
  }

  mutating func value() throws(JSONError) -> JSONValue {
    values += 1
    guard values <= limits.values else { throw error(.tooManyValues(limit: limits.values)) }
    guard let first = peek() else { throw error(.unexpectedEnd) }
    switch first {
    case UInt8(ascii: "{"): return .object(try object())
    case UInt8(ascii: "["): return .array(try array())
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), 0x30...0x39, UInt8(ascii: "N"), UInt8(ascii: "I"):
      return .number(try number())
    default: throw unexpected(wanted: "a value")
    }
  }

  mutating func enter() throws(JSONError) {
    guard depth < limits.depth else { throw error(.tooDeep(limit: limits.depth)) }
    depth += 1
    position += 1
  }

  private mutating func object() throws(JSONError) -> JSONObject {
    try enter()
    defer { depth -= 1 }
    var object = JSONObject()
    if peek() == UInt8(ascii: "}") {
      position += 1
      return object
    }
    while true {
      guard peek() == UInt8(ascii: "\"") else { throw unexpected(wanted: "a key") }
      let keyOffset = position
      let key = try string()
      try take(":", wanted: "':'")
      let value = try value()
      guard object.append(key, value) else {
        throw JSONError(offset: keyOffset, rule: .duplicateKey(key))
      }
      if try ends(with: "}") { return object }
    }
  }

  private mutating func array() throws(JSONError) -> [JSONValue] {
    try enter()
    defer { depth -= 1 }
    var array: [JSONValue] = []
    if peek() == UInt8(ascii: "]") {
      position += 1
      return array
    }
    while true {
      array.append(try value())
      if try ends(with: "]") { return array }
    }
  }

  /// Takes a comma (false) or the closing byte (true).
  mutating func ends(with close: Character) throws(JSONError) -> Bool {
    let next = peek()
    guard next == UInt8(ascii: ",") || next == close.asciiValue else {
      throw unexpected(wanted: "',' or '\(close)'")
    }
    position += 1
    return next == close.asciiValue
  }

  mutating func word(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
    for byte in word.utf8 {
      guard position < bytes.count, bytes[position] == byte else {
        throw unexpected(wanted: "\"\(word)\"")
      }
      position += 1
    }
    return value
  }
}
