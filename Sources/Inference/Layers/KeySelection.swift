// Which keys an indexer keeps: the best scores of each row.

/// Keys chosen for each row by a sparse-attention indexer.
package struct KeySelection: @unchecked Sendable {
  /// `[rows, limit]` positions, ascending.
  let positions: UnsafeMutablePointer<Int32>
  /// `[rows]`
  let counts: UnsafeMutablePointer<Int32>
  let limit: Int

  func keys(of row: Int) -> UnsafeBufferPointer<Int32> {
    UnsafeBufferPointer(start: positions + row * limit, count: Int(counts[row]))
  }
}

/// Keeps, for each row, the keys with the largest `sum_h weight_h relu(query_h . key)`. Ends with a barrier.
///
/// - Parameters:
///   - queries: `[rows, heads * dimension]`.
///   - weights: `[rows, heads]`.
///   - slot: The mixer whose `table` holds the keys, `[capacity / period, dimension]`.
///   - period: Positions a key stands for: a position sees those that are complete.
func selectKeys(
  _ queries: Matrix, _ weights: Matrix, heads: Int, slot: Int, table: Int, period: Int, limit: Int,
  _ pass: ForwardPass, _ worker: Worker
) {
  guard let selection = pass.selection(limit: limit) else {
    preconditionFailure("an indexer without a place for its choice")
  }
  // One piece of keys against all heads stays in the second-level cache.
  let piece = 1024
  var longest = 0
  for segment in pass.segments {
    longest = max(longest, (segment.position + segment.count) / period)
  }
  let pieces = (longest + piece - 1) / piece
  let scores = worker.arena.take(rows: pass.count, columns: longest)
  worker.claim(pass.count * pieces, by: 1) { range in
    for task in range {
      let row = task / pieces
      let count = (Int(pass.positions[row]) + 1) / period
      let first = task % pieces * piece
      // Rows that see no more than they may keep need no scores.
      guard count > limit, first < count else { continue }
      scoreKeys(
        queries[row], weights[row], heads: heads,
        pass.cache.rows(table, of: slot, sequence: Int(pass.sequences[row])).floats,
        first..<min(count, first + piece), into: scores[row], worker)
    }
  }
  worker.barrier()
  for row in worker.share(of: pass.count) {
    let count = (Int(pass.positions[row]) + 1) / period
    let chosen = selection.positions + row * selection.limit
    selection.counts[row] = Int32(truncatingIfNeeded: min(count, limit))
    if count <= limit {
      for index in 0..<count { chosen[index] = Int32(truncatingIfNeeded: index) }
    } else {
      // No attention score would show that keys were chosen by nothing.
      let isFinite = (0..<count).allSatisfy { scores[row][$0].isFinite }
      if !isFinite { pass.hasUnusableSelection.store(true, ordering: .relaxed) }
      let mark = worker.local.mark
      keepLargest(
        scores[row], count: count, k: limit, into: chosen, scratch: worker.local.take(count))
      worker.local.release(to: mark)
    }
  }
  worker.barrier()
}

private func scoreKeys(
  _ query: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, heads: Int, _ keys: Matrix,
  _ range: Range<Int>, into scores: UnsafeMutablePointer<Float>, _ worker: Worker
) {
  let mark = worker.local.mark
  defer { worker.local.release(to: mark) }
  let products = worker.local.take(rows: heads, columns: range.count)
  BLAS.multiplyTransposed(
    m: heads, n: range.count, k: keys.columns, a: query, strideA: keys.columns,
    b: keys[range.lowerBound], strideB: keys.stride, c: products.base, strideC: range.count)
  let out = scores + range.lowerBound
  out.update(repeating: 0, count: range.count)
  for head in 0..<heads {
    let product = products[head]
    for index in 0..<range.count { out[index] += weights[head] * max(product[index], 0) }
  }
}

/// The places of the `k` largest scores, ascending; of equal scores the first. NaN counts as smaller than all.
///
/// - Parameters:
///   - k: `1...count`.
///   - places: Receives `[k]`.
///   - scratch: `[count]`
/// - Complexity: O(count) on average.
package func keepLargest(
  _ scores: UnsafePointer<Float>, count: Int, k: Int, into places: UnsafeMutablePointer<Int32>,
  scratch: UnsafeMutablePointer<Float>
) {
  for i in 0..<count { scratch[i] = scores[i].isNaN ? -.infinity : scores[i] }
  let threshold = element(ofRank: k - 1, among: scratch, count)
  var larger = 0
  for i in 0..<count where scores[i] > threshold { larger += 1 }
  var equals = k - larger
  var filled = 0
  for i in 0..<count where filled < k {
    let score = scores[i].isNaN ? -.infinity : scores[i]
    if score > threshold || (score == threshold && equals > 0) {
      if score == threshold { equals -= 1 }
      places[filled] = Int32(truncatingIfNeeded: i)
      filled += 1
    }
  }
}

/// The element that would stand at `rank` in descending order (Hoare 1961); reorders `values`.
private func element(ofRank rank: Int, among values: UnsafeMutablePointer<Float>, _ count: Int)
  -> Float
{
  var low = 0
  var high = count - 1
  while low < high {
    let pivot = values[low + (high - low) / 2]
    var i = low
    var j = high
    while i <= j {
      while values[i] > pivot { i += 1 }
      while values[j] < pivot { j -= 1 }
      if i <= j {
        (values[i], values[j]) = (values[j], values[i])
        i += 1
        j -= 1
      }
    }
    if rank <= j {
      high = j
    } else if rank >= i {
      low = i
    } else {
      break
    }
  }
  return values[rank]
}
