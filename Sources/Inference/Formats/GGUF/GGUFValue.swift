// The values of GGUF metadata (GGUF specification, version 3).

/// The type of a metadata value, by its number in the file.
public enum GGUFType: UInt32, Sendable {
  case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64
  case float64

  /// Bytes of one value; nil for strings and arrays.
  var byteCount: Int? {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    case .string, .array: nil
    }
  }
}

/// A metadata value.
public enum GGUFValue: Sendable {
  case integer(Int)
  /// Only what exceeds `Int`.
  case unsigned(UInt64)
  /// A 32-bit float as the double its shortest text names: `1e-06` stays `1e-06`.
  case float(Double)
  case bool(Bool)
  case string(String)
  case array(GGUFArray)

  public var int: Int? {
    if case .integer(let value) = self { return value }
    return nil
  }

  public var double: Double? {
    switch self {
    case .float(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }

  public var bool: Bool? {
    if case .bool(let value) = self { return value }
    return nil
  }

  public var string: String? {
    if case .string(let value) = self { return value }
    return nil
  }

  public var array: GGUFArray? {
    if case .array(let value) = self { return value }
    return nil
  }

  /// The value itself where it is short, else what it is.
  var shown: String {
    switch self {
    case .integer(let value): "\(value)"
    case .float(let value): "\(value)"
    case .bool(let value): "\(value)"
    case .unsigned, .string, .array: kind
    }
  }

  /// What this is, for messages.
  var kind: String {
    switch self {
    case .integer, .unsigned: "an integer"
    case .float: "a float"
    case .bool: "a boolean"
    case .string: "a string"
    case .array: "an array"
    }
  }
}

/// An array in metadata, kept as the bytes of the file: a vocabulary is decoded by whoever needs it.
public struct GGUFArray: Sendable {
  public let type: GGUFType
  public let count: Int
  /// Values one after the other; a string is its 8-byte length and its bytes. Checked when read.
  let bytes: [UInt8]

  /// Calls `body` with the UTF-8 bytes of each string in turn; nothing if these are no strings.
  public func forEachString(_ body: (ArraySlice<UInt8>) throws -> Void) rethrows {
    guard type == .string else { return }
    var position = 0
    for _ in 0..<count {
      let length = Int(littleEndian64(bytes, position))
      try body(bytes[(position + 8)..<(position + 8 + length)])
      position += 8 + length
    }
  }

  /// Whether every string is valid UTF-8.
  var isUTF8: Bool {
    var isValid = true
    forEachString { bytes in
      isValid =
        isValid && bytes.withUnsafeBufferPointer { String(validating: $0, as: UTF8.self) != nil }
    }
    return isValid
  }

  /// The strings; invalid UTF-8 is repaired. Empty if these are no strings.
  public var strings: [String] {
    var result: [String] = []
    forEachString { result.append(String(decoding: $0, as: UTF8.self)) }
    return result
  }

  /// The values as integers; nil if one is none or does not fit.
  public var integers: [Int]? {
    guard let size = type.byteCount else { return nil }
    var result: [Int] = []
    for index in 0..<count {
      guard let value = GGUFValue(type, bytes, at: index * size)?.int else { return nil }
      result.append(value)
    }
    return result
  }

  /// The values as doubles; nil if they are no numbers.
  public var doubles: [Double]? {
    guard let size = type.byteCount else { return nil }
    var result: [Double] = []
    for index in 0..<count {
      guard let value = GGUFValue(type, bytes, at: index * size)?.double else { return nil }
      result.append(value)
    }
    return result
  }

  /// The values as booleans; integers 0 and 1 count too, as writers differ.
  public var booleans: [Bool]? {
    if type == .bool { return bytes.map { $0 != 0 } }
    guard let integers, integers.allSatisfy({ $0 == 0 || $0 == 1 }) else { return nil }
    return integers.map { $0 == 1 }
  }
}

func littleEndian64(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
  littleEndian(bytes, offset, 8)
}

private func littleEndian(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
  var value: UInt64 = 0
  for index in (0..<count).reversed() { value = value << 8 | UInt64(bytes[offset + index]) }
  return value
}

extension GGUFValue {
  /// A value of fixed size out of `bytes`; nil for a boolean that is neither 0 nor 1, and for other types.
  init?(_ type: GGUFType, _ bytes: [UInt8], at offset: Int) {
    guard let size = type.byteCount else { return nil }
    let bits = littleEndian(bytes, offset, size)
    switch type {
    case .uint8, .uint16, .uint32: self = .integer(Int(bits))
    case .int8: self = .integer(Int(Int8(truncatingIfNeeded: bits)))
    case .int16: self = .integer(Int(Int16(truncatingIfNeeded: bits)))
    case .int32: self = .integer(Int(Int32(truncatingIfNeeded: bits)))
    case .int64: self = .integer(Int(Int64(bitPattern: bits)))
    case .uint64: self = Int(exactly: bits).map(GGUFValue.integer) ?? .unsigned(bits)
    case .float32:
      let single = Float(bitPattern: UInt32(truncatingIfNeeded: bits))
      self = .float(single.isFinite ? Double("\(single)") ?? Double(single) : Double(single))
    case .float64: self = .float(Double(bitPattern: bits))
    case .bool:
      guard bits <= 1 else { return nil }
      self = .bool(bits == 1)
    case .string, .array: return nil
    }
  }
}
