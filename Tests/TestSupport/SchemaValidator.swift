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
    for member in schema.object?.members ?? [] {
      let rule = member.value
      switch member.key {
      case "$ref": check(value, target(of: rule), path, &found)
      case "type":
        if !types(rule).contains(where: { value.is($0) }) { found.append("\(path): type") }
      case "const": if value != rule { found.append("\(path): const") }
      case "enum":
        if !(rule.array ?? []).contains(value) { found.append("\(path): enum") }
      case "anyOf":
        let fits = (rule.array ?? []).contains { option in
          var inner: [String] = []
          check(value, option, path, &inner)
          return inner.isEmpty
        }
        if !fits { found.append("\(path): anyOf") }
      case "required":
        for key in rule.array ?? [] where value.object != nil {
          if value[key.string ?? ""] == nil { found.append("\(path): lacks \(key.string ?? "")") }
        }
      case "properties":
        for property in rule.object?.members ?? [] {
          if let inner = value[property.key] {
            check(inner, property.value, "\(path).\(property.key)", &found)
          }
        }
      case "additionalProperties":
        let known = schema["properties"]?.object?.keys ?? []
        for inner in value.object?.members ?? [] where !known.contains(inner.key) {
          if rule.bool == false {
            found.append("\(path): has \(inner.key)")
          } else if rule.object != nil {
            check(inner.value, rule, "\(path).\(inner.key)", &found)
          }
        }
      case "items":
        for (index, inner) in (value.array ?? []).enumerated() {
          check(inner, rule, "\(path)[\(index)]", &found)
        }
      case "minItems":
        if let array = value.array, array.count < rule.int ?? 0 {
          found.append("\(path): minItems")
        }
      case "minimum":
        if let x = value.double, let y = rule.double, x < y { found.append("\(path): minimum") }
      case "maximum":
        if let x = value.double, let y = rule.double, x > y { found.append("\(path): maximum") }
      case "exclusiveMinimum":
        if let x = value.double, let y = rule.double, x <= y {
          found.append("\(path): exclusiveMinimum")
        }
      case let key where Self.annotations.contains(key): break
      default: found.append("\(path): the validator does not know \(member.key)")
      }
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
