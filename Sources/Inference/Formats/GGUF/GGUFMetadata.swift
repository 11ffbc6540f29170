// Key and value pairs of a GGUF file, with typed reading that names the key it fails on.

import StrictJSON
import Synchronization

/// The metadata of a GGUF file (of its first part, where it is split).
public struct GGUFMetadata: Sendable {
  /// The file they were read from, for messages.
  public let file: String
  /// In the file's order.
  public private(set) var keys: [String] = []
  private var values: [ByteKey: GGUFValue] = [:]
  private let read = ReadKeys()

  init(file: String) { self.file = file }

  /// - Returns: Whether the key was new.
  mutating func add(_ key: String, _ value: GGUFValue) -> Bool {
    guard values.updateValue(value, forKey: ByteKey(key)) == nil else { return false }
    keys.append(key)
    return true
  }

  public subscript(key: String) -> GGUFValue? {
    read.insert(key)
    return values[ByteKey(key)]
  }

  /// The value of a key that nobody has asked for; nil for the others.
  func unread(_ key: String) -> GGUFValue? {
    read.contains(key) ? nil : values[ByteKey(key)]
  }

  /// `general.architecture`.
  public func architecture() throws(CheckpointError) -> String {
    guard let name = try string("general.architecture") else {
      throw CheckpointError(file, .missing, at: .field("general.architecture"))
    }
    return name
  }

  func refusal(_ key: String, _ rule: String) -> CheckpointError {
    CheckpointError(file, .invalid(rule), at: .field(key))
  }

  private func read<T>(_ key: String, _ wanted: String, _ convert: (GGUFValue) -> T?)
    throws(CheckpointError) -> T?
  {
    guard let value = self[key] else { return nil }
    guard let converted = convert(value) else {
      throw CheckpointError(
        file, .wrongKind(found: value.kind, wanted: wanted), at: .field(key))
    }
    return converted
  }

  /// A string; nil, as with the others, where the key is absent.
  public func string(_ key: String) throws(CheckpointError) -> String? {
    try read(key, "a string") { $0.string }
  }

  public func int(_ key: String) throws(CheckpointError) -> Int? {
    try read(key, "an integer") { $0.int }
  }

  public func double(_ key: String) throws(CheckpointError) -> Double? {
    try read(key, "a finite number") { $0.double.flatMap { $0.isFinite ? $0 : nil } }
  }

  public func bool(_ key: String) throws(CheckpointError) -> Bool? {
    try read(key, "a boolean") { $0.bool }
  }

  /// An array of strings, such as `tokenizer.ggml.tokens`.
  public func strings(_ key: String) throws(CheckpointError) -> [String]? {
    let strings = try read(key, "an array of strings") { value in
      value.array.flatMap { $0.type == .string ? $0 : nil }
    }
    guard let strings else { return nil }
    guard strings.isUTF8 else { throw refusal(key, "holds a string that is not UTF-8") }
    return strings.strings
  }

  public func integers(_ key: String) throws(CheckpointError) -> [Int]? {
    try read(key, "an array of integers") { $0.array?.integers }
  }

  public func doubles(_ key: String) throws(CheckpointError) -> [Double]? {
    try read(key, "an array of numbers") { $0.array?.doubles }
  }

  public func booleans(_ key: String) throws(CheckpointError) -> [Bool]? {
    try read(key, "an array of booleans") { $0.array?.booleans }
  }
}

/// The keys that were asked for: what acts on the answer and was not among them must not be passed over.
private final class ReadKeys: Sendable {
  private let keys = Mutex<Set<ByteKey>>([])

  func insert(_ key: String) { keys.withLock { _ = $0.insert(ByteKey(key)) } }

  func contains(_ key: String) -> Bool { keys.withLock { $0.contains(ByteKey(key)) } }
}
