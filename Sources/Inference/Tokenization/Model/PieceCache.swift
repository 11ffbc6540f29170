// Remembers the ids of pieces that a text repeats; most of a text is a few thousand words.

/// A table of pieces where a newcomer replaces what stood in its place: bounded, and no text can make
/// it slow.
struct PieceCache {
  private static let slotCount = 1 << 14
  private static let longestPiece = 32
  private static let keyLimit = 1 << 20

  private struct Slot {
    var hash: UInt64 = 0
    var key: UInt32 = 0
    var keyCount: UInt32 = 0
    var firstID: UInt32 = 0
    var idCount: UInt32 = 0
  }

  private var slots: [Slot] = []
  private var keys: [UInt8] = []
  private var ids: [UInt32] = []
  private let seed = UInt64.random(in: .min ... .max)
  private var lookups = 0

  /// The piece's key, or nil if it is too long to be worth remembering.
  @inline(__always)
  func key(_ bytes: [UInt8], _ range: Range<Int>) -> UInt64? {
    guard range.count <= Self.longestPiece else { return nil }
    var hash = seed ^ UInt64(range.count)
    for index in range {
      hash = (hash ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01B3
    }
    hash ^= hash >> 29
    return hash &* 0xBF58_476D_1CE4_E5B9
  }

  /// Appends the remembered ids of a piece to `output`.
  ///
  /// - Returns: Whether the piece was remembered.
  @inline(__always)
  func append(
    _ hash: UInt64, _ bytes: [UInt8], _ range: Range<Int>, to output: inout [Int]
  ) -> Bool {
    guard !slots.isEmpty else { return false }
    let slot = slots[Int(hash >> 50)]
    guard slot.hash == hash, Int(slot.keyCount) == range.count else { return false }
    for offset in 0..<range.count
    where keys[Int(slot.key) + offset] != bytes[range.lowerBound + offset] {
      return false
    }
    for index in Int(slot.firstID)..<Int(slot.firstID) + Int(slot.idCount) {
      output.append(Int(ids[index]))
    }
    return true
  }

  mutating func remember(
    _ hash: UInt64, _ bytes: [UInt8], _ range: Range<Int>, _ symbols: ArraySlice<Int>
  ) {
    lookups += 1
    // A short text is done before a table would pay.
    guard lookups > 64 else { return }
    if slots.isEmpty || keys.count > Self.keyLimit {
      slots = [Slot](repeating: Slot(), count: Self.slotCount)
      keys.removeAll(keepingCapacity: true)
      ids.removeAll(keepingCapacity: true)
    }
    slots[Int(hash >> 50)] = Slot(
      hash: hash, key: UInt32(truncatingIfNeeded: keys.count),
      keyCount: UInt32(truncatingIfNeeded: range.count),
      firstID: UInt32(truncatingIfNeeded: ids.count),
      idCount: UInt32(truncatingIfNeeded: symbols.count))
    keys.append(contentsOf: bytes[range])
    for symbol in symbols { ids.append(UInt32(truncatingIfNeeded: symbol)) }
  }
}
