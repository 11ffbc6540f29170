// One query row of many heads against keys that are gathered first, or lie together already: two matrix products.

/// Keys of another table of a mixer that a row sees beside those of its sequence's positions. They are values too.
struct FurtherKeys: Sendable {
  let slot: Int
  let table: Int
  /// Entry w sums up the positions before `(w + 1) * period` and is seen from there on.
  let period: Int
  /// How many of them an indexer keeps for a row; nil: a row sees all.
  let limit: Int?

  func visible(from position: Int) -> Int { (position + 1) / period }
}

extension AttentionCore {
  /// One query row; its heads share each key that is read.
  func attendGathered(
    _ block: Segment, _ offset: Int, _ heads: Range<Int>, _ queries: Matrix, _ keys: Matrix,
    _ values: Matrix, _ selection: KeySelection?, _ further: FurtherKeys?, into out: Matrix,
    _ pass: ForwardPass, _ worker: Worker
  ) {
    let row = block.firstRow + offset
    let mark = worker.local.mark
    defer { worker.local.release(to: mark) }
    let (seenKeys, seenValues) = gather(
      block, offset, keys, values, selection, further, pass, worker)
    let count = seenKeys.rows
    let scores = worker.local.take(rows: min(heads.count, Self.headUnit), columns: count)
    for first in stride(from: heads.lowerBound, to: heads.upperBound, by: Self.headUnit) {
      let unit = first..<min(heads.upperBound, first + Self.headUnit)
      BLAS.multiplyTransposed(
        m: unit.count, n: count, k: keyDimension, a: queries[row] + first * keyDimension,
        strideA: keyDimension, b: seenKeys.base, strideB: seenKeys.stride, c: scores.base,
        strideC: count)
      for (index, head) in unit.enumerated() {
        pass.kernels.scale(scores[index], by: scale, count)
        softmax(scores[index], count, head, pass.kernels)
      }
      BLAS.multiply(
        m: unit.count, n: valueDimension, k: count, a: scores.base, strideA: count,
        b: seenValues.base, strideB: seenValues.stride, c: out[row] + first * valueDimension,
        strideC: valueDimension)
    }
  }

  /// The keys and values a row sees, one after the other.
  private func gather(
    _ block: Segment, _ offset: Int, _ keys: Matrix, _ values: Matrix, _ selection: KeySelection?,
    _ further: FurtherKeys?, _ pass: ForwardPass, _ worker: Worker
  ) -> (keys: Matrix, values: Matrix) {
    let row = block.firstRow + offset
    let position = block.position + offset
    let first = visibility.firstKey(for: position)
    guard selection != nil || further != nil else {
      let range = first..<(position + 1)
      return (keys.rows(range), values.rows(range))
    }
    let own = selection?.keys(of: row).count ?? (position + 1 - first)
    let extra = further.map { $0.visible(from: position) } ?? 0
    let kept = min(extra, further?.limit ?? extra)
    let seen = worker.local.take(rows: own + kept, columns: keyDimension)
    let chosen = selection?.keys(of: row)
    for j in 0..<own {
      seen[j].update(from: keys[chosen.map { Int($0[j]) } ?? (first + j)], count: keyDimension)
    }
    if let further {
      let table = pass.cache.table(further.table, of: further.slot, sequence: block.sequence)
      let choice = further.limit.flatMap(pass.selection)?.keys(of: row)
      for j in 0..<kept {
        seen[own + j].update(from: table[choice.map { Int($0[j]) } ?? j], count: keyDimension)
      }
    }
    // Values that lie in the keys' table are the keys' first elements.
    if values.base == keys.base { return (seen, seen.columns(0..<valueDimension)) }
    let mixed = worker.local.take(rows: own, columns: valueDimension)
    for j in 0..<own {
      mixed[j].update(from: values[chosen.map { Int($0[j]) } ?? (first + j)], count: valueDimension)
    }
    return (seen, mixed)
  }
}
