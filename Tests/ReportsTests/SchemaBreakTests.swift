// Every part of a real document, made wrong: the schema must notice.

import Reports
import StrictJSON
import TestSupport
import Testing

@Suite struct SchemaBreakTests {
  private enum Step {
    case key(String)
    case first

    var text: String { if case .key(let key) = self { key } else { "[]" } }
  }

  /// Every place in a document; of lists the first element stands for all.
  private func places(_ value: JSONValue, _ path: [Step] = []) -> [[Step]] {
    if let object = value.object {
      return object.members.flatMap { member in
        let inner = path + [.key(member.key)]
        return [inner] + places(member.value, inner)
      }
    }
    guard let first = value.array?.first else { return [] }
    return [path + [.first]] + places(first, path + [.first])
  }

  /// The document with a value of a type that does not belong at this place.
  private func broken(_ value: JSONValue, at path: ArraySlice<Step>) -> JSONValue {
    guard let step = path.first else {
      return value.object == nil && value.array == nil ? ["broken": true] : 5
    }
    switch step {
    case .key(let key):
      guard var object = value.object, let inner = object[key] else { return value }
      object[key] = broken(inner, at: path.dropFirst())
      return .object(object)
    case .first:
      guard var array = value.array, let inner = array.first else { return value }
      array[0] = broken(inner, at: path.dropFirst())
      return .array(array)
    }
  }

  private func unnoticed(_ document: JSONValue, _ schema: String) throws -> [String] {
    let validator = try SchemaValidator(named: schema)
    #expect(validator.violations(of: document) == [])
    let places = places(document)
    #expect(places.count > 100)
    return places.filter { validator.violations(of: broken(document, at: $0[...])).isEmpty }
      .map { $0.map(\.text).joined(separator: ".") }
  }

  @Test("a wrong type anywhere in a result is a violation, but for its plan, which has a schema")
  func result() throws {
    let found = try unnoticed(TinyRun.report().json, "result")
    #expect(found.filter { !$0.hasPrefix("plan.") } == [])
    #expect(found.count <= 40)
  }

  @Test("a number that is null without its reason is a violation")
  func reasons() throws {
    let validator = try SchemaValidator(named: "result")
    let document = try TinyRun.report(meter: nil).json
    let energy: [Step] = [.key("tests"), .first, .key("energy")]
    for (place, number, reason) in [
      (energy, "joules_per_token", "reason"),
      ([.key("tests"), .first, .key("samples"), .first], "joules", "joules_reason"),
    ] {
      let silent = with(with(document, place + [.key(number)]), place + [.key(reason)])
      #expect(validator.violations(of: silent).contains { $0.hasSuffix("anyOf") }, "\(reason)")
    }
  }

  /// The document with null at this place.
  private func with(_ value: JSONValue, _ path: [Step]) -> JSONValue {
    guard let step = path.first else { return .null }
    let rest = Array(path.dropFirst())
    switch step {
    case .key(let key):
      guard var object = value.object, let inner = object[key] else { return value }
      object[key] = with(inner, rest)
      return .object(object)
    case .first:
      guard var array = value.array, let inner = array.first else { return value }
      array[0] = with(inner, rest)
      return .array(array)
    }
  }
}
