// Walks through the header of a GGUF file; every count and length is held against what is left of the file.

/// Reads little-endian values in order. Nothing is allocated that the file has no bytes for.
struct GGUFCursor: ~Copyable {
  let file: InputFile
  private(set) var position = 0
  private var window: [UInt8] = []
  private var windowStart = 0

  /// Largest header: a vocabulary of a million long tokens with its merges is a quarter of it.
  static let headerLimit = 128 << 20
  private static let windowBytes = 256 << 10

  init(_ file: consuming InputFile) { self.file = file }

  var left: Int { file.size - position }

  /// The next `count` bytes.
  mutating func bytes(_ count: UInt64, _ what: String) throws(CheckpointError) -> [UInt8] {
    guard count <= UInt64(left) else {
      throw CheckpointError(
        file.path,
        .limit("\(what) of", found: count, limit: UInt64(left)), offset: position)
    }
    guard count <= UInt64(Self.headerLimit - position) else {
      throw CheckpointError(
        file.path,
        .limit("a header of", found: UInt64(position) + count, limit: UInt64(Self.headerLimit)),
        offset: position)
    }
    let count = Int(count)
    if position < windowStart || position + count > windowStart + window.count {
      window = try file.read(at: position, count: max(count, min(Self.windowBytes, left)))
      windowStart = position
    }
    defer { position += count }
    let start = position - windowStart
    return Array(window[start..<(start + count)])
  }

  mutating func uint32(_ what: String) throws(CheckpointError) -> UInt32 {
    UInt32(truncatingIfNeeded: try number(4, what))
  }

  mutating func uint64(_ what: String) throws(CheckpointError) -> UInt64 {
    try number(8, what)
  }

  private mutating func number(_ size: UInt64, _ what: String) throws(CheckpointError) -> UInt64 {
    try bytes(size, what).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
  }

  /// A string of valid UTF-8 of at most `limit` bytes.
  mutating func string(limit: Int, _ what: String) throws(CheckpointError) -> String {
    let offset = position
    let length = try uint64(what)
    guard length <= UInt64(limit) else {
      throw CheckpointError(
        file.path, .limit("\(what) of", found: length, limit: UInt64(limit)), offset: offset)
    }
    guard let text = String(validating: try bytes(length, what), as: UTF8.self) else {
      throw CheckpointError(file.path, .invalid("\(what) is not UTF-8"), offset: offset)
    }
    return text
  }

  /// The bytes of `count` strings with their lengths, each checked against the file.
  mutating func strings(_ count: UInt64) throws(CheckpointError) -> [UInt8] {
    var all: [UInt8] = []
    for _ in 0..<count {
      let length = try bytes(8, "a string's length")
      all += length
      all += try bytes(littleEndian64(length, 0), "a string")
    }
    return all
  }
}
