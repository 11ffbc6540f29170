// The part of JSON Schema 2020-12 that our schemas use; an unknown keyword is a failure, not a pass.

import StrictJSON

/// Checks documents against a schema.
public struct SchemaValidator {
  private let root: JSONValue
  private static let annotations: Set<String> = ["$schema", "$id", "$defs", "title", "description"]

  public init(_ schema: JSONValue) { root = schema }

  /// The published schema of this name, such as `result`.
  public init(named name: String) throws {
    root = try RepositoryFile.json("Sources/Reports/Schemas/\(name).schema.json")
  }

  /// Every violation with its JSON path; empty where the document is valid.
  public func violations(of document: JSONValue) -> [String] {
    var found: [String] = []
    check(document, root, "$", &found)
    return found
  }

  private func check(
    _ value: JSONValue, _ schema: JSONValue, _ path: String, _ found: inout [String]
  ) {
    for rule in schema.object?.members ?? [] where !Self.annotations.contains(rule.key) {
      switch rule.key {
      case "$ref": check(value, target(of: rule.value), path, &found)
      case "required":
        for key in rule.value.array?.compactMap(\.string) ?? []
        where value.object != nil && value[key] == nil {
          found.append("\(path): lacks \(key)")
        }
      case "properties", "additionalProperties":
        checkMembers(value, schema, rule.key, rule.value, path, &found)
      case "items":
        for (index, item) in (value.array ?? []).enumerated() {
          check(item, rule.value, "\(path)[\(index)]", &found)
        }
      default:
        guard let isMet = isMet(rule.key, rule.value, value) else {
          found.append("\(path): the validator does not know \(rule.key)")
          continue
        }
        if !isMet { found.append("\(path): \(rule.key)") }
      }
    }
  }

  /// Members that the schema names, or those that it does not.
  private func checkMembers(
    _ value: JSONValue, _ schema: JSONValue, _ keyword: String, _ rule: JSONValue, _ path: String,
    _ found: inout [String]
  ) {
    let known = schema["properties"]
    for member in value.object?.members ?? [] {
      let place = "\(path).\(member.key)"
      if keyword == "properties" {
        if let inner = rule[member.key] { check(member.value, inner, place, &found) }
      } else if known?[member.key] == nil {
        if rule.bool == false { found.append("\(path): has \(member.key)") }
        if rule.object != nil { check(member.value, rule, place, &found) }
      }
    }
  }

  /// Whether a value meets a keyword that concerns it alone; nil for an unknown keyword.
  private func isMet(_ keyword: String, _ rule: JSONValue, _ value: JSONValue) -> Bool? {
    func compared(_ holds: (Double, Double) -> Bool) -> Bool {
      guard let x = value.double, let limit = rule.double else { return true }
      return holds(x, limit)
    }
    switch keyword {
    case "type": return types(rule).contains { value.is($0) }
    case "const": return value == rule
    case "enum": return (rule.array ?? []).contains(value)
    case "anyOf":
      return (rule.array ?? []).contains { option in
        var inner: [String] = []
        check(value, option, "", &inner)
        return inner.isEmpty
      }
    case "minItems": return value.array.map { $0.count >= rule.int ?? 0 } ?? true
    case "minimum": return compared(>=)
    case "maximum": return compared(<=)
    case "exclusiveMinimum": return compared(>)
    default: return nil
    }
  }

  private func types(_ rule: JSONValue) -> [String] {
    rule.string.map { [$0] } ?? (rule.array ?? []).compactMap(\.string)
  }

  private func target(of reference: JSONValue) -> JSONValue {
    let name = (reference.string ?? "").split(separator: "/").last.map(String.init) ?? ""
    // A reference to nothing must not pass everything.
    return root["$defs"]?[name] ?? ["const": "unresolved \(name)"]
  }
}

extension JSONValue {
  fileprivate func `is`(_ type: String) -> Bool {
    switch type {
    case "null": isNull
    case "boolean": bool != nil
    case "integer": number?.wholeInt != nil
    case "number": number != nil
    case "string": string != nil
    case "array": array != nil
    case "object": object != nil
    default: false
    }
  }
}
