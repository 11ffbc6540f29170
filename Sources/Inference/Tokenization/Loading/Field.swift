// A value of a JSON document with the path by which messages name it.

import StrictJSON

/// A value and where it stands. Accessors throw a fault that names the path.
struct Field {
  let path: String
  let value: JSONValue

  /// A member, or nil if it is absent or null.
  func optional(_ key: String) -> Field? {
    guard let member = value[key], !member.isNull else { return nil }
    return Field(path: path.isEmpty ? key : "\(path).\(key)", value: member)
  }

  func member(_ key: String) throws(TokenizerError) -> Field {
    guard let member = optional(key) else {
      throw .field(path.isEmpty ? key : "\(path).\(key)", rule: "is missing")
    }
    return member
  }

  private func fault(_ expected: String) -> TokenizerError {
    .field(path, rule: "\(expected) expected, \(value.kind) found")
  }

  func string() throws(TokenizerError) -> String {
    guard let string = value.string else { throw fault("a string") }
    return string
  }

  func bool() throws(TokenizerError) -> Bool {
    guard let bool = value.bool else { throw fault("true or false") }
    return bool
  }

  func int() throws(TokenizerError) -> Int {
    guard let int = value.int else { throw fault("an integer") }
    return int
  }

  func object() throws(TokenizerError) -> JSONObject {
    guard let object = value.object else { throw fault("an object") }
    return object
  }

  func array() throws(TokenizerError) -> [Field] {
    guard let array = value.array else { throw fault("an array") }
    return array.enumerated().map { Field(path: "\(path)[\($0.offset)]", value: $0.element) }
  }

  func bool(_ key: String, default standard: Bool) throws(TokenizerError) -> Bool {
    try optional(key)?.bool() ?? standard
  }

  func type() throws(TokenizerError) -> String { try member("type").string() }

  /// Refuses a member that is set, because it would change the ids.
  func refuse(_ key: String, unless harmless: (JSONValue) -> Bool) throws(TokenizerError) {
    guard let member = optional(key), !harmless(member.value) else { return }
    let value = member.value.string ?? member.value.bool.map { "\($0)" } ?? member.value.kind
    throw .unsupported(field: member.path, value: value)
  }
}
