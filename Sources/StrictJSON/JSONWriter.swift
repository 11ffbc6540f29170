// Writes a JSON value as text: members in their order, doubles in their shortest exact form.

extension JSONValue {
  /// The value as JSON text, on one line or indented by two spaces.
  ///
  /// Reading the text gives an equal value. The text depends on no locale.
  ///
  /// - Throws: `JSONError.Rule.notFinite` if a number is `NaN` or infinite.
  public func text(pretty: Bool = false) throws(JSONError) -> String {
    String(decoding: try utf8(pretty: pretty), as: UTF8.self)
  }

  /// The bytes of ``text(pretty:)``; indented text ends with a newline, as files do.
  public func utf8(pretty: Bool = false) throws(JSONError) -> [UInt8] {
    var writer = JSONWriter(pretty: pretty)
    try writer.write(self, indent: 0)
    if pretty { writer.bytes.append(0x0a) }
    return writer.bytes
  }
}

private struct JSONWriter {
  let pretty: Bool
  var bytes: [UInt8] = []

  init(pretty: Bool) { self.pretty = pretty }

  mutating func write(_ value: JSONValue, indent: Int) throws(JSONError) {
    switch value {
    case .null: put("null")
    case .bool(let flag): put(flag ? "true" : "false")
    case .number(let number):
      guard number.isStandard else {
        throw JSONError(offset: bytes.count, rule: .notFinite(number.text))
      }
      put(number.text)
    case .string(let string): put(quoted: string)
    case .array(let array): try write(array, indent: indent)
    case .object(let object): try write(object, indent: indent)
    }
  }

  private mutating func write(_ array: [JSONValue], indent: Int) throws(JSONError) {
    // Rows of scalars stay on one line: samples and logits would otherwise fill the screen.
    let isFlat = array.allSatisfy(\.isScalar)
    put("[")
    for (index, element) in array.enumerated() {
      if index > 0 { put(pretty && isFlat ? ", " : ",") }
      if !isFlat { newline(indent + 1) }
      try write(element, indent: indent + 1)
    }
    if !isFlat { newline(indent) }
    put("]")
  }

  private mutating func write(_ object: JSONObject, indent: Int) throws(JSONError) {
    put("{")
    for (index, member) in object.members.enumerated() {
      if index > 0 { put(",") }
      newline(indent + 1)
      put(quoted: member.key)
      put(pretty ? ": " : ":")
      try write(member.value, indent: indent + 1)
    }
    if !object.isEmpty { newline(indent) }
    put("}")
  }

  private mutating func newline(_ indent: Int) {
    guard pretty else { return }
    bytes.append(0x0a)
    bytes.append(contentsOf: repeatElement(0x20, count: 2 * indent))
  }

  private mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func put(quoted string: String) {
    put("\"")
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): put("\\\"")
      case UInt8(ascii: "\\"): put("\\\\")
      case 0x0a: put("\\n")
      case 0x0d: put("\\r")
      case 0x09: put("\\t")
      case 0..<0x20, 0x7f:
        let hex = String(byte, radix: 16)
        put("\\u" + String(repeating: "0", count: 4 - hex.count) + hex)
      default: bytes.append(byte)
      }
    }
    put("\"")
  }
}

extension JSONValue {
  fileprivate var isScalar: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }
}
