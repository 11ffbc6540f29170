// Byte strings by id, and ids by byte string.

/// Byte strings numbered from 0, packed in one buffer; some numbers may have none.
struct TokenTable: Sendable {
  private(set) var bytes: [UInt8] = []
  private var starts: [UInt32] = [0]
  private var assigned: [Bool] = []

  var count: Int { assigned.count }

  /// Appends the string of the next id; nil leaves the id without one.
  mutating func append(_ token: [UInt8]?) {
    bytes.append(contentsOf: token ?? [])
    starts.append(UInt32(truncatingIfNeeded: bytes.count))
    assigned.append(token != nil)
  }

  /// Where the string of `id` stands in `bytes`, or nil if there is none.
  func range(of id: Int) -> Range<Int>? {
    guard id >= 0, id < assigned.count, assigned[id] else { return nil }
    return Int(starts[id])..<Int(starts[id + 1])
  }

  subscript(id: Int) -> ArraySlice<UInt8>? { range(of: id).map { bytes[$0] } }
}

/// Finds the id of a byte string.
///
/// Open addressing over the strings of a ``TokenTable``. The hash is seeded at random by the standard
/// library, so that no file can force collisions.
struct TokenIndex: Sendable {
  private let table: TokenTable
  private var slots: [UInt32]

  /// Indexes those ids for which `includes` holds.
  ///
  /// - Returns: The index, and the first id found whose string an earlier id has.
  static func build(
    _ table: TokenTable, includes: (Int) -> Bool
  ) -> (index: TokenIndex, duplicate: Int?) {
    var index = TokenIndex(table)
    var duplicate: Int?
    for id in 0..<table.count {
      guard includes(id), let range = table.range(of: id) else { continue }
      let slot = index.slot(of: table.bytes, range)
      if index.slots[slot] != 0 {
        duplicate = duplicate ?? id
      } else {
        index.slots[slot] = UInt32(truncatingIfNeeded: id + 1)
      }
    }
    return (index, duplicate)
  }

  private init(_ table: TokenTable) {
    self.table = table
    var capacity = 16
    while capacity < table.count * 2 { capacity *= 2 }
    slots = [UInt32](repeating: 0, count: capacity)
  }

  /// The id of `bytes[range]`.
  func id(_ bytes: [UInt8], _ range: Range<Int>) -> Int? {
    let found = slots[slot(of: bytes, range)]
    return found == 0 ? nil : Int(found) - 1
  }

  func id(_ bytes: [UInt8]) -> Int? { id(bytes, 0..<bytes.count) }

  /// The slot that holds the string, or the free one where it belongs.
  private func slot(of bytes: [UInt8], _ range: Range<Int>) -> Int {
    var hasher = Hasher()
    bytes.withUnsafeBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[range])) }
    var slot = hasher.finalize() & (slots.count - 1)
    while slots[slot] != 0, !isEqual(Int(slots[slot]) - 1, bytes, range) {
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  private func isEqual(_ id: Int, _ bytes: [UInt8], _ range: Range<Int>) -> Bool {
    guard let own = table.range(of: id), own.count == range.count else { return false }
    for offset in 0..<own.count
    where table.bytes[own.lowerBound + offset] != bytes[range.lowerBound + offset] {
      return false
    }
    return true
  }
}
