// One value of a data file with its place, so that every refusal can name it.

import StrictJSON

/// A value of a document from outside, with its file and JSON path.
package struct Node {
  package let file: String
  package let path: String
  package let value: JSONValue

  package init(file: String, path: String = "", value: JSONValue) {
    self.file = file
    self.path = path
    self.value = value
  }

  /// Reads a whole document.
  package init(parsing bytes: [UInt8], file: String) throws(DataError) {
    do {
      self.init(file: file, value: try JSONValue(parsing: bytes))
    } catch {
      throw DataError(file: file, path: "", rule: .notJSON(error.description))
    }
  }

  /// An error at this place.
  package func fault(_ rule: DataError.Rule) -> DataError {
    DataError(file: file, path: path, rule: rule)
  }

  private func wrongKind(_ wanted: String) -> DataError {
    fault(.wrongKind(found: value.kind, wanted: wanted))
  }

  // MARK: - Members

  private func place(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// The member `key`; nil where it is absent or null.
  package func optional(_ key: String) throws(DataError) -> Node? {
    guard let object = value.object else { throw wrongKind("an object") }
    guard let member = object[key], !member.isNull else { return nil }
    return Node(file: file, path: place(of: key), value: member)
  }

  /// The member `key`, which must be there.
  package func member(_ key: String) throws(DataError) -> Node {
    guard let node = try optional(key) else {
      throw DataError(file: file, path: place(of: key), rule: .missing)
    }
    return node
  }

  package func elements() throws(DataError) -> [Node] {
    guard let array = value.array else { throw wrongKind("an array") }
    return array.enumerated().map { Node(file: file, path: "\(path)[\($0)]", value: $1) }
  }

  package func members() throws(DataError) -> [(key: String, node: Node)] {
    guard let object = value.object else { throw wrongKind("an object") }
    return object.members.map {
      ($0.key, Node(file: file, path: place(of: $0.key.escapedForMessage()), value: $0.value))
    }
  }

  // MARK: - Scalars

  /// A string that is not empty.
  package func string() throws(DataError) -> String {
    guard let string = value.string else { throw wrongKind("a string") }
    guard !string.isEmpty else { throw fault(.empty) }
    return string
  }

  package func bool() throws(DataError) -> Bool {
    guard let bool = value.bool else { throw wrongKind("true or false") }
    return bool
  }

  package func number() throws(DataError) -> Double {
    guard let number = value.number else { throw wrongKind("a number") }
    guard let double = number.double else { throw fault(.notFinite(number.text)) }
    return double
  }

  /// A number that is not negative: a price, a count, a power.
  package func amount() throws(DataError) -> Double {
    let double = try number()
    guard double >= 0 else { throw fault(.negative("\(double)")) }
    return double
  }

  /// A number above 0.
  package func positive() throws(DataError) -> Double {
    let double = try number()
    guard double > 0 else { throw fault(.outOfRange("\(double)", rule: "must be above 0")) }
    return double
  }

  /// A number from 0 to 1.
  package func share() throws(DataError) -> Double {
    let double = try number()
    guard (0...1).contains(double) else {
      throw fault(.outOfRange("\(double)", rule: "must be from 0 to 1"))
    }
    return double
  }

  /// A whole number that is not negative.
  package func count() throws(DataError) -> Int {
    guard let number = value.number else { throw wrongKind("a whole number") }
    guard let int = number.wholeInt else { throw wrongKind("a whole number") }
    guard int >= 0 else { throw fault(.negative(number.text)) }
    return int
  }

  package func day() throws(DataError) -> Day {
    let text = try string()
    guard let day = Day(text) else { throw fault(.notADay(text)) }
    return day
  }

  // MARK: - Members by type

  package func string(_ key: String) throws(DataError) -> String { try member(key).string() }
  package func amount(_ key: String) throws(DataError) -> Double { try member(key).amount() }
  package func optionalString(_ key: String) throws(DataError) -> String? {
    try optional(key)?.string()
  }
  package func optionalAmount(_ key: String) throws(DataError) -> Double? {
    try optional(key)?.amount()
  }
  package func optionalCount(_ key: String) throws(DataError) -> Int? { try optional(key)?.count() }
  package func optionalDay(_ key: String) throws(DataError) -> Day? { try optional(key)?.day() }

  /// False where the member is absent.
  package func flag(_ key: String) throws(DataError) -> Bool { try optional(key)?.bool() ?? false }

  /// Strings of a list; an absent list is empty.
  package func strings(_ key: String) throws(DataError) -> [String] {
    try list(key) { node throws(DataError) in try node.string() }
  }

  /// A list of the member `key`; an absent list is empty.
  package func list<T>(
    _ key: String, _ read: (Node) throws(DataError) -> T
  ) throws(DataError) -> [T] {
    guard let node = try optional(key) else { return [] }
    return try node.each(read)
  }

  package func each<T>(_ read: (Node) throws(DataError) -> T) throws(DataError) -> [T] {
    var result: [T] = []
    for node in try elements() { result.append(try read(node)) }
    return result
  }
}
