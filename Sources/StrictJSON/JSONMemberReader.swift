// A large JSON object member by member: only one value is in memory at a time, and each has its place.

/// Reads a text that is one object, handing out its members in order.
///
/// Everything is as strict as in `JSONValue(parsing:)`, but keys that occur twice are handed out twice: the caller,
/// who stores them, is the one who can tell.
public struct JSONMemberReader {
  /// A member with its place.
  public struct Member {
    public let key: String
    /// Bytes from the start of the text to the key.
    public let offset: Int
    public let value: JSONValue
  }

  private var parser: JSONParser
  private var isFirst = true
  private var isDone = false

  public init(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
    parser = try JSONParser(bytes: bytes, limits: limits)
    guard parser.peek() == UInt8(ascii: "{") else {
      throw parser.unexpected(wanted: "an object")
    }
    try parser.enter()
  }

  /// The next member; nil after the last one, when nothing but white space follows the object.
  public mutating func next() throws(JSONError) -> Member? {
    guard !isDone else { return nil }
    if isFirst {
      isFirst = false
      if parser.peek() == UInt8(ascii: "}") {
        parser.position += 1
        return try finish()
      }
    } else if try parser.ends(with: "}") {
      return try finish()
    }
    guard parser.peek() == UInt8(ascii: "\"") else { throw parser.unexpected(wanted: "a key") }
    let offset = parser.position
    let key = try parser.string()
    try parser.take(":", wanted: "':'")
    return Member(key: key, offset: offset, value: try parser.value())
  }

  private mutating func finish() throws(JSONError) -> Member? {
    isDone = true
    parser.skipSpace()
    guard parser.position == parser.bytes.count else { throw parser.error(.trailingData) }
    return nil
  }
}
