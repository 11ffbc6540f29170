// Numbers and strings of the JSON reader.

extension JSONParser {
  mutating func number() throws(JSONError) -> JSONNumber {
    let start = position
    if try nonFinite() { return JSONNumber(validated: text(from: start)) }
    if next == UInt8(ascii: "-") { position += 1 }
    if next == UInt8(ascii: "0") {
      position += 1
    } else {
      try digits()
    }
    if next == UInt8(ascii: ".") {
      position += 1
      try digits()
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      position += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    if let next, (0x30...0x39).contains(next) { throw error(.invalidNumber) }
    return JSONNumber(validated: text(from: start))
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func text(from start: Int) -> String {
    String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func digits() throws(JSONError) {
    guard let next, (0x30...0x39).contains(next) else {
      throw position < bytes.count ? error(.invalidNumber) : error(.unexpectedEnd)
    }
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
  }

  /// Takes `NaN`, `Infinity` or `-Infinity` where they are accepted.
  private mutating func nonFinite() throws(JSONError) -> Bool {
    let sign = next == UInt8(ascii: "-") ? 1 : 0
    guard position + sign < bytes.count else { return false }
    let first = bytes[position + sign]
    let isInfinity = first == UInt8(ascii: "I")
    guard isInfinity || (sign == 0 && first == UInt8(ascii: "N")) else { return false }
    guard limits.acceptsNonFinite else { throw unexpected(wanted: "a finite number") }
    position += sign
    _ = try word(isInfinity ? "Infinity" : "NaN", .null)
    return true
  }

  mutating func string() throws(JSONError) -> String {
    position += 1
    let start = position
    var isASCII = true
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        defer { position += 1 }
        return isASCII ? text(from: start) : try validated(bytes[start..<position], at: start)
      }
      if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
      guard byte >= 0x20 else { throw error(.rawControlCharacter(byte)) }
      if byte >= 0x80 { isASCII = false }
      position += 1
    }
    throw error(.unexpectedEnd)
  }

  private func validated(_ slice: ArraySlice<UInt8>, at start: Int) throws(JSONError) -> String {
    guard let string = String(validating: slice, as: UTF8.self) else {
      throw JSONError(offset: start, rule: .invalidUTF8)
    }
    return string
  }

  /// The slow way: the string holds an escape at `position`.
  private mutating func escapedString(from start: Int) throws(JSONError) -> String {
    var buffer = Array(bytes[start..<position])
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return try validated(buffer[...], at: start)
      case UInt8(ascii: "\\"):
        position += 1
        try escape(into: &buffer)
      case 0..<0x20: throw error(.rawControlCharacter(byte))
      default:
        buffer.append(byte)
        position += 1
      }
    }
    throw error(.unexpectedEnd)
  }

  private mutating func escape(into buffer: inout [UInt8]) throws(JSONError) {
    guard let byte = next else { throw error(.unexpectedEnd) }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
    case UInt8(ascii: "b"): buffer.append(0x08)
    case UInt8(ascii: "f"): buffer.append(0x0c)
    case UInt8(ascii: "n"): buffer.append(0x0a)
    case UInt8(ascii: "r"): buffer.append(0x0d)
    case UInt8(ascii: "t"): buffer.append(0x09)
    case UInt8(ascii: "u"): try unicodeEscape(into: &buffer)
    default:
      position -= 1
      throw error(.invalidEscape)
    }
  }

  private mutating func unicodeEscape(into buffer: inout [UInt8]) throws(JSONError) {
    let start = position - 2
    var value = try fourHexDigits()
    if (0xd800..<0xe000).contains(value) {
      if let low = try lowSurrogate(after: value) {
        value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00)
      } else if limits.acceptsLoneSurrogates {
        value = 0xfffd
      } else {
        throw JSONError(offset: start, rule: .loneSurrogate)
      }
    }
    guard let scalar = Unicode.Scalar(value) else {
      throw JSONError(offset: start, rule: .invalidEscape)
    }
    buffer.append(contentsOf: String(scalar).utf8)
  }

  /// Takes the escape of the second half of a pair; nil, and nothing taken, where there is none.
  private mutating func lowSurrogate(after high: UInt32) throws(JSONError) -> UInt32? {
    guard high < 0xdc00, next == UInt8(ascii: "\\"), position + 1 < bytes.count,
      bytes[position + 1] == UInt8(ascii: "u")
    else { return nil }
    let start = position
    position += 2
    let low = try fourHexDigits()
    if (0xdc00..<0xe000).contains(low) { return low }
    position = start
    return nil
  }

  private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next else { throw error(.unexpectedEnd) }
      let digit: UInt8
      switch byte {
      case 0x30...0x39: digit = byte - 0x30
      case 0x41...0x46: digit = byte - 0x41 + 10
      case 0x61...0x66: digit = byte - 0x61 + 10
      default: throw error(.invalidEscape)
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
