// Which two symbols merge into which, and in what order of preference.

/// Merges by pair of symbols: open addressing with one flat array, because a pair is looked up for
/// every merge made.
struct MergeTable: Sendable {
  struct Merge: Sendable {
    /// Preference: the lowest rank merges first.
    let rank: UInt32
    let symbol: UInt32
  }

  private struct Slot {
    var pair: UInt64
    var rank: UInt32
    var symbol: UInt32
  }

  private static let free = UInt64.max
  private var slots: [Slot]
  private var used = 0
  /// Random, so that no file can force collisions.
  private let seed = UInt64.random(in: .min ... .max)

  init(capacity: Int) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    slots = [Slot](repeating: Slot(pair: Self.free, rank: 0, symbol: 0), count: size)
  }

  var isEmpty: Bool { used == 0 }

  @inline(__always)
  private func home(_ pair: UInt64) -> Int {
    var mixed = (pair ^ seed) &* 0x9E37_79B9_7F4A_7C15
    mixed ^= mixed >> 32
    mixed = mixed &* 0xBF58_476D_1CE4_E5B9
    return Int(truncatingIfNeeded: mixed >> 20) & (slots.count - 1)
  }

  @inline(__always)
  func find(_ left: UInt32, _ right: UInt32) -> Merge? {
    let pair = UInt64(left) << 32 | UInt64(right)
    var slot = home(pair)
    while slots[slot].pair != pair {
      if slots[slot].pair == Self.free { return nil }
      slot = (slot + 1) & (slots.count - 1)
    }
    return Merge(rank: slots[slot].rank, symbol: slots[slot].symbol)
  }

  /// Sets the merge of a pair; a later one replaces an earlier one.
  mutating func insert(_ left: UInt32, _ right: UInt32, _ merge: Merge) {
    if used * 2 >= slots.count { grow() }
    let pair = UInt64(left) << 32 | UInt64(right)
    var slot = home(pair)
    while slots[slot].pair != pair, slots[slot].pair != Self.free {
      slot = (slot + 1) & (slots.count - 1)
    }
    if slots[slot].pair == Self.free { used += 1 }
    slots[slot] = Slot(pair: pair, rank: merge.rank, symbol: merge.symbol)
  }

  private mutating func grow() {
    let old = slots
    slots = [Slot](
      repeating: Slot(pair: Self.free, rank: 0, symbol: 0), count: old.count * 2)
    used = 0
    for slot in old where slot.pair != Self.free {
      insert(
        UInt32(truncatingIfNeeded: slot.pair >> 32), UInt32(truncatingIfNeeded: slot.pair),
        Merge(rank: slot.rank, symbol: slot.symbol))
    }
  }

  /// Whether some pair satisfies the condition.
  func contains(where condition: (_ left: Int, _ right: Int) -> Bool) -> Bool {
    slots.contains {
      $0.pair != Self.free && condition(Int($0.pair >> 32), Int($0.pair & 0xFFFF_FFFF))
    }
  }
}
