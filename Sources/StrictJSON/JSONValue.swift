// A JSON document as a value: numbers keep their text, objects keep their order (RFC 8259).

/// One JSON value.
///
/// Strings and keys are compared by their UTF-8 bytes, never by canonical equivalence: in a file two
/// names that merely look alike are two names.
public enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

// MARK: - Typed reading; nothing converts, `true` is never 1

extension JSONValue {
  public var isNull: Bool {
    if case .null = self { return true }
    return false
  }

  public var bool: Bool? {
    if case .bool(let value) = self { return value }
    return nil
  }

  public var number: JSONNumber? {
    if case .number(let value) = self { return value }
    return nil
  }

  /// The number as an integer, if it is written as one (`12`, not `12.0`) and fits.
  public var int: Int? { number?.int }

  /// The number rounded to a double, if it is finite.
  public var double: Double? { number?.double }

  public var string: String? {
    if case .string(let value) = self { return value }
    return nil
  }

  public var array: [JSONValue]? {
    if case .array(let value) = self { return value }
    return nil
  }

  public var object: JSONObject? {
    if case .object(let value) = self { return value }
    return nil
  }

  /// The member `key` of an object; nil if there is none or this is no object.
  public subscript(key: String) -> JSONValue? { object?[key] }

  /// The element `index` of an array; nil if there is none or this is no array.
  public subscript(index: Int) -> JSONValue? {
    guard let array, array.indices.contains(index) else { return nil }
    return array[index]
  }

  /// What this value is, for messages: "a string", "null".
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

// MARK: - Making values

extension JSONValue {
  /// A number in its shortest form that reads back to the same double; nil if it is not finite.
  public init?(_ value: Double) {
    guard let number = JSONNumber(value) else { return nil }
    self = .number(number)
  }

  public init(_ value: Int) { self = .number(JSONNumber(value)) }

  /// The number, or null if there is none or it is not finite. The caller says the reason elsewhere.
  public static func numberOrNull(_ value: Double?) -> JSONValue {
    value.flatMap { JSONValue($0) } ?? .null
  }

  /// The string, or null if there is none.
  public static func stringOrNull(_ value: String?) -> JSONValue {
    value.map { .string($0) } ?? .null
  }

  /// The integer, or null if there is none.
  public static func intOrNull(_ value: Int?) -> JSONValue {
    value.map { JSONValue($0) } ?? .null
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
  public init(stringLiteral value: String) { self = .string(value) }
}

extension JSONValue: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) { self.init(value) }
}

extension JSONValue: ExpressibleByBooleanLiteral {
  public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSONValue: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
}

extension JSONValue: ExpressibleByDictionaryLiteral {
  /// Members in the order written. A key written twice is a programming error.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    var object = JSONObject()
    for (key, value) in elements {
      precondition(object.append(key, value), "the key \(key) is written twice")
    }
    self = .object(object)
  }
}

extension JSONValue: Equatable {
  /// Equal texts of numbers, equal bytes of strings, equal members in equal order.
  public static func == (a: JSONValue, b: JSONValue) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let x), .bool(let y)): x == y
    case (.number(let x), .number(let y)): x == y
    case (.string(let x), .string(let y)): x.hasSameBytes(as: y)
    case (.array(let x), .array(let y)): x == y
    case (.object(let x), .object(let y)): x == y
    default: false
    }
  }
}
