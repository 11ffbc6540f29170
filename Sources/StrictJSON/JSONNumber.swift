// A JSON number that keeps the text it was written with, so that nothing is lost by reading it.

/// A number as written in a document. The accessors never trap: what does not fit is nil.
public struct JSONNumber: Sendable, Hashable {
  /// The number as written, in RFC 8259 grammar (or `NaN`, `Infinity`, `-Infinity` where the reader
  /// was told to accept what Python writes).
  public let text: String

  init(validated text: String) { self.text = text }

  public init(_ value: Int) { text = String(value) }

  /// The shortest text that reads back to the same double; nil if `value` is not finite.
  public init?(_ value: Double) {
    guard value.isFinite else { return nil }
    text = "\(value)"
  }

  /// The value, if written without fraction and exponent and within `Int`.
  public var int: Int? { isInteger ? Int(text) : nil }

  /// The value, if written without fraction, exponent and sign and within `UInt64`.
  public var uint64: UInt64? { isInteger ? UInt64(text) : nil }

  /// The value, if it is a whole number however written (`4096.0`, `1e3`) and exactly an `Int`.
  public var wholeInt: Int? { int ?? double.flatMap { Int(exactly: $0) } }

  /// The nearest double; nil if the number is beyond the largest finite one.
  public var double: Double? {
    guard let value = doubleOrNonFinite, value.isFinite else { return nil }
    return value
  }

  /// The nearest double, infinite where the text says so or exceeds every finite double.
  public var doubleOrNonFinite: Double? {
    switch text {
    case "Infinity": .infinity
    case "-Infinity": -.infinity
    case "NaN": .nan
    default: Double(text)
    }
  }

  /// Whether the text is in RFC 8259 grammar and may be written.
  var isStandard: Bool { text != "NaN" && !text.hasSuffix("Infinity") }

  private var isInteger: Bool {
    text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }
  }
}
