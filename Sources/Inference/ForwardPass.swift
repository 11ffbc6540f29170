// One batch of tokens on its way through the layers.

import Synchronization

/// Consecutive rows of a batch that continue one sequence.
public struct Segment: Sendable, Equatable {
  /// Which sequence of the cache.
  public let sequence: Int
  /// First row of the batch.
  public let firstRow: Int
  public let count: Int
  /// Position of the first row in its sequence.
  public let position: Int

  var rows: Range<Int> { firstRow..<(firstRow + count) }
}

/// What every layer of a running pass can see: the batch, the cache, the kernels.
///
/// Its arrays are made once for the largest batch; a pass only refills them.
public final class ForwardPass {
  package let kernels: Kernels
  let capacity: Int
  /// Whether quantised weights are multiplied with float activations: the stored values' exact product.
  let exact: Bool
  public private(set) var count = 0
  /// `[count]` token ids, positions and sequence indices.
  let tokens: UnsafeMutablePointer<Int32>
  let positions: UnsafeMutablePointer<Int32>
  let sequences: UnsafeMutablePointer<Int32>
  public private(set) var segments: [Segment] = []
  /// The segments cut into pieces of at most ``queryBlock`` rows: the unit of attention work.
  private(set) var blocks: [Segment] = []
  /// Rows whose next-token scores are wanted.
  private(set) var outputRows: [Int32] = []
  var cache: Cache
  var routing: RoutingRecorder?
  /// Overrides what the routers choose, for synthetic weights.
  var forcedRouting: ForcedRouting?
  /// Set where an indexer's scores were not finite, so that its choice means nothing.
  let hasUnusableSelection = Atomic<Bool>(false)
  private let storage: Memory
  /// `[capacity, selectionLimit]` chosen keys and `[capacity]` how many: one layer's choice may serve the next ones.
  private let selections: Memory
  private let selectionLimit: Int

  static let queryBlock = 64

  package init(
    capacity: Int, kernels: Kernels, exact: Bool, cache: Cache, selectionLimit: Int
  ) throws(EngineError) {
    self.capacity = capacity
    self.kernels = kernels
    self.exact = exact
    self.cache = cache
    storage = try Memory(byteCount: capacity * 12, purpose: "a batch")
    self.selectionLimit = selectionLimit
    selections = try Memory(
      byteCount: capacity * (selectionLimit + 1) * 4, purpose: "chosen keys", reserveOnly: true)
    tokens = storage.base.assumingMemoryBound(to: Int32.self)
    positions = tokens + capacity
    sequences = positions + capacity
    segments.reserveCapacity(capacity)
    blocks.reserveCapacity(capacity)
    outputRows.reserveCapacity(capacity)
  }

  /// The keys the last indexer chose, or where the next puts its choice; nil in models without indexers.
  func selection(limit: Int) -> KeySelection? {
    guard limit <= selectionLimit else { return nil }
    let counts = selections.base.assumingMemoryBound(to: Int32.self)
    return KeySelection(positions: counts + capacity, counts: counts, limit: limit)
  }

  /// Starts an empty batch.
  package func begin() {
    count = 0
    hasUnusableSelection.store(false, ordering: .relaxed)
    segments.removeAll(keepingCapacity: true)
    blocks.removeAll(keepingCapacity: true)
    outputRows.removeAll(keepingCapacity: true)
  }

  /// Adds tokens that continue `sequence`; the sequence's cache is advanced.
  package func append(
    _ ids: some Collection<Int>, to sequence: Int, scoring: Scoring
  ) throws(EngineError) {
    precondition(count + ids.count <= capacity, "\(count + ids.count) tokens in \(capacity)")
    let position = cache.length(of: sequence)
    try cache.advance(sequence, by: ids.count)
    let segment = Segment(
      sequence: sequence, firstRow: count, count: ids.count, position: position)
    for (offset, id) in ids.enumerated() {
      let row = count + offset
      tokens[row] = Int32(truncatingIfNeeded: id)
      positions[row] = Int32(position + offset)
      sequences[row] = Int32(sequence)
      if scoring == .all || (scoring == .last && offset == ids.count - 1) {
        outputRows.append(Int32(row))
      }
    }
    segments.append(segment)
    var first = 0
    while first < ids.count {
      let size = min(Self.queryBlock, ids.count - first)
      blocks.append(
        Segment(
          sequence: sequence, firstRow: count + first, count: size, position: position + first))
      first += size
    }
    count += ids.count
  }
}

/// Which rows of a batch get next-token scores.
public enum Scoring: Sendable {
  case all, last, none
}
