// Scaled dot-product attention over a cache (Vaswani et al. 2017, section 3.2), for grouped heads.

/// Which earlier positions a query sees.
public enum Visibility: Sendable, Hashable {
  case causal
  /// The last `n` positions, its own included.
  case window(Int)
  /// Its own block of `n` positions, up to itself.
  case chunk(Int)

  /// The first position a query sees.
  @inline(__always)
  func firstKey(for position: Int) -> Int {
    switch self {
    case .causal: 0
    case .window(let size): max(0, position - size + 1)
    case .chunk(let size): position / size * size
    }
  }

  /// Positions a query sees at most; nil: all.
  var reach: Int? {
    switch self {
    case .causal: nil
    case .window(let size), .chunk(let size): size
    }
  }
}

/// Scores, softmax and mixture for heads that share keys and values in groups.
package struct AttentionCore: Sendable {
  let heads: Int
  let keyHeads: Int
  let keyDimension: Int
  let valueDimension: Int
  let scale: Float
  let visibility: Visibility
  /// One logit a head that takes part in the softmax and mixes nothing in, `[heads]`.
  var sinks: Vector?
  /// The mixer's place in the cache, and its tables of keys and values: the same where keys begin with the values.
  let slot: Int
  let keyTable: Int
  let valueTable: Int

  package init(
    heads: Int, keyHeads: Int, keyDimension: Int, valueDimension: Int, scale: Float,
    visibility: Visibility, sinks: Vector? = nil, slot: Int, keyTable: Int, valueTable: Int
  ) {
    self.heads = heads
    self.keyHeads = keyHeads
    self.keyDimension = keyDimension
    self.valueDimension = valueDimension
    self.scale = scale
    self.visibility = visibility
    self.sinks = sinks
    self.slot = slot
    self.keyTable = keyTable
    self.valueTable = valueTable
  }

  /// For every row: `out[row, head] = softmax(scale q k^T) v` over the keys it sees, ready for a product. Ends with a
  /// barrier.
  ///
  /// A row's numbers depend on its own query and keys alone, whatever rows, heads and workers it shares a call with.
  ///
  /// - Parameters:
  ///   - queries: `[rows, heads * keyDimension]`.
  ///   - selection: The keys a row may see instead of all visible ones, ascending.
  ///   - further: Keys a row sees beside those; needs values that lie in the keys' table.
  ///   - out: `[rows, heads * valueDimension]`.
  ///   - finish: Called for the heads of a row that have just been written.
  package func attend(
    _ queries: Matrix, selection: KeySelection? = nil, further: FurtherKeys? = nil,
    into out: Activations, _ pass: ForwardPass, _ worker: Worker,
    finish: (_ row: Int, _ heads: Range<Int>) -> Void = { _, _ in }
  ) {
    let group = heads / keyHeads
    // Few key heads (latent attention has one) would leave workers idle: their query heads are dealt out too.
    let units = pass.blocks.count * keyHeads
    let parts = min(group, (worker.count + units - 1) / max(units, 1))
    worker.claim(units * parts, by: 1) { range in
      for task in range {
        let block = pass.blocks[task / (keyHeads * parts)]
        let keyHead = task / parts % keyHeads
        let part = task % parts
        let first = keyHead * group
        let heads = (first + group * part / parts)..<(first + group * (part + 1) / parts)
        attend(
          block, keyHead, heads, queries, selection, further, into: out.values, pass, worker)
        for row in block.rows {
          finish(row, heads)
          seal(out, row, heads, pass)
        }
      }
    }
    worker.barrier()
    guard out.blocks != nil, !headsAreBlocks else { return }
    for row in worker.share(of: pass.count) { pass.seal(out, row: row) }
    worker.barrier()
  }

  /// Whether a head's values fill whole blocks, so that heads can be quantised one by one.
  private var headsAreBlocks: Bool { valueDimension % 32 == 0 }

  private func seal(_ out: Activations, _ row: Int, _ heads: Range<Int>, _ pass: ForwardPass) {
    guard let blocks = out.blocks, headsAreBlocks else { return }
    let first = heads.lowerBound * valueDimension
    pass.kernels.quantize(
      out.values[row] + first, heads.count * valueDimension,
      into: blocks + row * out.blockStride + Kernels.quantizedBytes(first))
  }

  /// The rows of a block that share a key head.
  private func attend(
    _ block: Segment, _ keyHead: Int, _ heads: Range<Int>, _ queries: Matrix,
    _ selection: KeySelection?, _ further: FurtherKeys?, into out: Matrix, _ pass: ForwardPass,
    _ worker: Worker
  ) {
    let cache = pass.cache
    let sequence = block.sequence
    let keys = cache.rows(keyTable, head: keyHead, of: slot, sequence: sequence)
    let values =
      keyTable == valueTable
      ? keys : cache.rows(valueTable, head: keyHead, of: slot, sequence: sequence)
    // Rows that see no more keys than they may keep see all.
    let selection = selection.flatMap { block.position + block.count > $0.limit ? $0 : nil }
    let mark = worker.local.mark
    defer { worker.local.release(to: mark) }
    guard selection != nil || further != nil else {
      let first = visibility.firstKey(for: block.position)
      let seen = SeenKeys(
        keys: keys, values: values, range: first..<(block.position + block.count),
        visibility: visibility)
      attend(block, heads, queries, seen, into: out, pass, worker)
      return
    }
    for row in 0..<block.count {
      let inner = worker.local.mark
      let one = Segment(
        sequence: sequence, firstRow: block.firstRow + row, count: 1,
        position: block.position + row)
      let seen = gather(one, keys, values, selection, further, pass, worker)
      attend(one, heads, queries, seen, into: out, pass, worker)
      worker.local.release(to: inner)
    }
  }
}
