// Byte-pair encoding of one piece of text (Sennrich et al. 2016): merges the best pair until none is left.

/// Merges the symbols of a piece in place. Keeps its buffers from piece to piece.
struct Merger {
  /// A pair that can merge: `left` is the place of its first symbol.
  private struct Candidate {
    let rank: UInt32
    let left: UInt32
    let symbol: UInt32

    /// Lowest rank first; among equals the leftmost.
    @inline(__always)
    func precedes(_ other: Candidate) -> Bool {
      rank < other.rank || (rank == other.rank && left < other.left)
    }
  }

  private static let none = UInt32.max
  private var ranks: [UInt32] = []
  private var results: [UInt32] = []
  private var heap: [Candidate] = []
  private var following: [UInt32] = []
  private var preceding: [UInt32] = []

  /// Below this, scanning all pairs for the best is faster than a heap.
  private static let scanLimit = 24

  mutating func merge(_ symbols: inout [UInt32], _ table: MergeTable) {
    guard symbols.count > 1 else { return }
    if symbols.count <= Self.scanLimit {
      mergeByScanning(&symbols, table)
    } else {
      mergeByHeap(&symbols, table)
    }
  }

  private mutating func mergeByScanning(_ symbols: inout [UInt32], _ table: MergeTable) {
    ranks.removeAll(keepingCapacity: true)
    results.removeAll(keepingCapacity: true)
    for index in 0..<symbols.count - 1 {
      let found = table.find(symbols[index], symbols[index + 1])
      ranks.append(found?.rank ?? Self.none)
      results.append(found?.symbol ?? 0)
    }
    while true {
      var best = 0
      var bestRank = Self.none
      for index in ranks.indices where ranks[index] < bestRank {
        best = index
        bestRank = ranks[index]
      }
      guard bestRank != Self.none else { return }
      symbols[best] = results[best]
      symbols.remove(at: best + 1)
      ranks.remove(at: best)
      results.remove(at: best)
      if best > 0 { refresh(best - 1, symbols, table) }
      if best < ranks.count { refresh(best, symbols, table) }
    }
  }

  private mutating func refresh(_ index: Int, _ symbols: [UInt32], _ table: MergeTable) {
    let found = table.find(symbols[index], symbols[index + 1])
    ranks[index] = found?.rank ?? Self.none
    results[index] = found?.symbol ?? 0
  }

  /// A heap of pairs over a linked list: O(n log n), whatever the text.
  private mutating func mergeByHeap(_ symbols: inout [UInt32], _ table: MergeTable) {
    let count = symbols.count
    following.removeAll(keepingCapacity: true)
    preceding.removeAll(keepingCapacity: true)
    heap.removeAll(keepingCapacity: true)
    for index in 0..<count {
      following.append(index + 1 < count ? UInt32(truncatingIfNeeded: index + 1) : Self.none)
      preceding.append(index > 0 ? UInt32(truncatingIfNeeded: index - 1) : Self.none)
    }
    for index in 0..<count - 1 { consider(index, symbols, table) }
    while let best = popHeap() {
      let left = Int(best.left)
      guard symbols[left] != Self.none, following[left] != Self.none else { continue }
      let right = Int(following[left])
      // The pair may have been merged into something else since it was found.
      guard let found = table.find(symbols[left], symbols[right]), found.rank == best.rank,
        found.symbol == best.symbol
      else { continue }
      symbols[left] = found.symbol
      symbols[right] = Self.none
      following[left] = following[right]
      if following[left] != Self.none {
        preceding[Int(following[left])] = best.left
        consider(left, symbols, table)
      }
      if preceding[left] != Self.none { consider(Int(preceding[left]), symbols, table) }
    }
    symbols.removeAll { $0 == Self.none }
  }

  private mutating func consider(_ left: Int, _ symbols: [UInt32], _ table: MergeTable) {
    guard let found = table.find(symbols[left], symbols[Int(following[left])]) else { return }
    heap.append(
      Candidate(
        rank: found.rank, left: UInt32(truncatingIfNeeded: left), symbol: found.symbol))
    var child = heap.count - 1
    while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func popHeap() -> Candidate? {
    guard let last = heap.popLast() else { return nil }
    guard let top = heap.first else { return last }
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
      guard heap[child].precedes(last) else { break }
      heap[parent] = heap[child]
      parent = child
    }
    heap[parent] = last
    return top
  }
}
