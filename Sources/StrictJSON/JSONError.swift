// Everything that can be wrong with a JSON text, and its wording.

/// Where a text stops being JSON, and which rule it breaks.
public struct JSONError: Error, Equatable, Sendable {
  /// Which rule the text breaks.
  public enum Rule: Equatable, Sendable {
    case tooLarge(bytes: Int, limit: Int)
    case tooDeep(limit: Int)
    case tooManyValues(limit: Int)
    case unexpectedEnd
    case unexpected(byte: UInt8, wanted: String)
    case trailingData
    case duplicateKey(String)
    case invalidUTF8
    case loneSurrogate
    case invalidEscape
    case rawControlCharacter(UInt8)
    case invalidNumber
    /// Only when writing: the number is not finite.
    case notFinite(String)
  }

  /// Bytes from the start of the text.
  public let offset: Int
  public let rule: Rule

  public init(offset: Int, rule: Rule) {
    self.offset = offset
    self.rule = rule
  }
}

extension JSONError: CustomStringConvertible {
  public var description: String { "\(rule) (byte \(offset))" }
}

extension JSONError.Rule: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tooLarge(let bytes, let limit): "JSON of \(bytes) bytes exceeds the limit of \(limit)"
    case .tooDeep(let limit): "JSON is nested deeper than \(limit) levels"
    case .tooManyValues(let limit): "JSON has more than \(limit) values"
    case .unexpectedEnd: "JSON ends too early"
    case .unexpected(let byte, let wanted): "\(Self.show(byte)) where JSON wants \(wanted)"
    case .trailingData: "data after the end of the JSON value"
    case .duplicateKey(let key): "the key \(key.quotedForMessage()) occurs twice"
    case .invalidUTF8: "invalid UTF-8 in a JSON string"
    case .loneSurrogate: "an unpaired surrogate in a JSON string"
    case .invalidEscape: "an unknown escape in a JSON string"
    case .rawControlCharacter(let byte): "\(Self.show(byte)) unescaped in a JSON string"
    case .invalidNumber: "a malformed JSON number"
    case .notFinite(let text): "\(text) cannot be written as JSON"
    }
  }

  private static func show(_ byte: UInt8) -> String {
    (0x21..<0x7f).contains(byte)
      ? "'\(Character(Unicode.Scalar(byte)))'" : "the byte 0x" + String(byte, radix: 16)
  }
}

extension String {
  /// The string in quotes for a one-line message: control, bidirectional and line-separating
  /// characters escaped, cut to `limit` bytes with an ellipsis.
  public func quotedForMessage(limit: Int = 80) -> String {
    "\"" + escapedForMessage(limit: limit) + "\""
  }

  /// The string without any character that could break or disguise a line of terminal output.
  public func escapedForMessage(limit: Int = 80) -> String {
    var result = ""
    for scalar in unicodeScalars {
      let piece =
        Self.isHarmless(scalar) ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
      guard result.utf8.count + piece.utf8.count <= limit else { return result + "…" }
      result += piece
    }
    return result
  }

  private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
      .unassigned:
      false
    default: true
    }
  }
}
