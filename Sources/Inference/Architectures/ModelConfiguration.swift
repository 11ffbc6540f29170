// Reads a model's config.json: every field checked for type and range before anything is computed from it.

import StrictJSON

/// A configuration's fields, by the names they have in the checkpoint.
///
/// Getters throw ``EngineError/configuration(field:rule:)`` for a field that is missing, of another type or out of
/// range. A JSON `null` counts as absent, as it does for the library that writes these files.
public struct ModelConfiguration {
  public let fields: JSONObject
  /// How messages name the object: empty, or "text_config.".
  private let path: String
  /// Whether the checkpoint has a tensor; nil where there is no checkpoint.
  private let hasTensor: ((String) -> Bool)?

  public init(_ fields: JSONObject, path: String = "", hasTensor: ((String) -> Bool)? = nil) {
    self.fields = fields
    self.path = path
    self.hasTensor = hasTensor
  }

  public init(_ value: JSONValue, hasTensor: ((String) -> Bool)? = nil) throws(EngineError) {
    guard let object = value.object else {
      throw .configuration(field: "", rule: "is \(value.kind), not an object")
    }
    self.init(object, hasTensor: hasTensor)
  }

  /// Whether the checkpoint holds this tensor: for families that are stored in several layouts under one
  /// configuration. False where there is no checkpoint, so that the usual layout must be the one without it.
  func holds(_ tensor: String) -> Bool { hasTensor?(tensor) ?? false }

  // MARK: - Fields

  func value(_ key: String) -> JSONValue? {
    guard let value = fields[key], !value.isNull else { return nil }
    return value
  }

  func refusal(_ key: String, _ rule: String) -> EngineError {
    .configuration(field: path + key, rule: rule)
  }

  /// The first of several names that is present.
  func first(_ keys: [String]) -> String? { keys.first { value($0) != nil } }

  func optionalInt(_ key: String, in range: ClosedRange<Int> = 0...(1 << 31)) throws(EngineError)
    -> Int?
  {
    guard let value = value(key) else { return nil }
    guard let number = value.number?.wholeInt else {
      throw refusal(key, "is \(value.kind), not an integer")
    }
    guard range.contains(number) else {
      throw refusal(key, "is \(number), outside \(range.lowerBound)...\(range.upperBound)")
    }
    return number
  }

  func int(_ key: String, default fallback: Int? = nil, in range: ClosedRange<Int> = 1...(1 << 31))
    throws(EngineError) -> Int
  {
    guard let number = try optionalInt(key, in: range) ?? fallback else {
      throw refusal(key, "is missing")
    }
    return number
  }

  /// One of several names for the same thing; the first name is the one messages use.
  func int(anyOf keys: [String], default fallback: Int? = nil, in range: ClosedRange<Int>)
    throws(EngineError) -> Int
  {
    try int(first(keys) ?? keys[0], default: fallback, in: range)
  }

  func optionalDouble(_ key: String) throws(EngineError) -> Double? {
    guard let value = value(key) else { return nil }
    guard let number = value.double, number.isFinite, Float(number).isFinite else {
      throw refusal(key, "is \(value.kind), not a finite number")
    }
    return number
  }

  func optionalFloat(_ key: String) throws(EngineError) -> Float? {
    try optionalDouble(key).map { Float($0) }
  }

  func float(_ key: String, default fallback: Float? = nil) throws(EngineError) -> Float {
    guard let number = try optionalFloat(key) ?? fallback else { throw refusal(key, "is missing") }
    return number
  }

  /// A number above zero: epsilons, bases, scales that are divided by.
  func positive(_ key: String, default fallback: Float? = nil) throws(EngineError) -> Float {
    let number = try float(key, default: fallback)
    guard number > 0 else { throw refusal(key, "is \(number), not above 0") }
    return number
  }

  func bool(_ key: String, default fallback: Bool) throws(EngineError) -> Bool {
    guard let value = value(key) else { return fallback }
    guard let bool = value.bool else { throw refusal(key, "is \(value.kind), not true or false") }
    return bool
  }

  func optionalString(_ key: String) throws(EngineError) -> String? {
    guard let value = value(key) else { return nil }
    guard let string = value.string else { throw refusal(key, "is \(value.kind), not a string") }
    return string
  }

  func optionalInts(_ key: String, in range: ClosedRange<Int>) throws(EngineError) -> [Int]? {
    guard let value = value(key) else { return nil }
    guard let array = value.array else { throw refusal(key, "is \(value.kind), not a list") }
    var numbers: [Int] = []
    for element in array {
      guard let number = element.number?.wholeInt, range.contains(number) else {
        throw refusal(
          key, "holds something other than integers in \(range.lowerBound)...\(range.upperBound)")
      }
      numbers.append(number)
    }
    return numbers
  }

  func optionalFloats(_ key: String) throws(EngineError) -> [Float]? {
    guard let value = value(key) else { return nil }
    guard let array = value.array else { throw refusal(key, "is \(value.kind), not a list") }
    var numbers: [Float] = []
    for element in array {
      guard let number = element.double, Float(number).isFinite else {
        throw refusal(key, "holds something other than finite numbers")
      }
      numbers.append(Float(number))
    }
    return numbers
  }

  func optionalStrings(_ key: String) throws(EngineError) -> [String]? {
    guard let value = value(key) else { return nil }
    guard let array = value.array else { throw refusal(key, "is \(value.kind), not a list") }
    var strings: [String] = []
    for element in array {
      guard let string = element.string else {
        throw refusal(key, "holds something other than strings")
      }
      strings.append(string)
    }
    return strings
  }

  func optionalObject(_ key: String) throws(EngineError) -> ModelConfiguration? {
    guard let value = value(key) else { return nil }
    guard let object = value.object else { throw refusal(key, "is \(value.kind), not an object") }
    return ModelConfiguration(object, path: "\(path)\(key).", hasTensor: hasTensor)
  }

  // MARK: - Rules

  /// Refuses any value but the ones this engine implements; absence is fine.
  func require(_ key: String, oneOf allowed: [String]) throws(EngineError) {
    guard let string = try optionalString(key) else { return }
    guard allowed.contains(string) else {
      throw refusal(
        key,
        "\(string.quotedForMessage()) is not implemented (only \(allowed.joined(separator: ", ")))")
    }
  }

  /// Refuses a switch that is on.
  func requireOff(_ key: String) throws(EngineError) {
    if try bool(key, default: false) { throw refusal(key, "true is not implemented") }
  }

  /// Refuses a switch that is off.
  func requireOn(_ key: String) throws(EngineError) {
    if try !bool(key, default: true) { throw refusal(key, "false is not implemented") }
  }

  /// Refuses a number other than the one implemented.
  func require(_ key: String, equals expected: Float) throws(EngineError) {
    if let number = try optionalFloat(key), number != expected {
      throw refusal(key, "is \(number); only \(expected) is implemented")
    }
  }
}
