// Attention tile by tile with a running softmax (Milakov and Gimelshein 2018; Dao et al. 2022): no row of scores is ever
// longer than a tile, however long the sequence is.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Keys and values of some queries.
struct SeenKeys: Sendable {
  let keys: CacheRows
  let values: CacheRows
  /// Rows that any of the queries sees.
  let range: Range<Int>
  /// Which of them a query sees; nil: each sees all.
  let visibility: Visibility?

  /// The rows of a tile that the query at `position` sees.
  @inline(__always)
  func visible(in tile: Range<Int>, from position: Int) -> Range<Int> {
    guard let visibility else { return tile }
    let first = max(tile.lowerBound, visibility.firstKey(for: position))
    return first..<max(first, min(tile.upperBound, position + 1))
  }
}

/// What a worker keeps of some queries while it goes through their keys.
private struct Queries {
  /// Scaled, `[rows * heads, keyDimension]`, the heads of a row together.
  let values: Matrix
  /// Mixtures so far, `[rows * heads, valueDimension]`, to be divided by `sums`.
  let mixtures: Matrix
  /// `[rows * heads, tile]`
  let scores: Matrix
  /// The largest score so far and the sum of the exponentials of all minus it, `[rows * heads]`.
  let largest: UnsafeMutablePointer<Float>
  let sums: UnsafeMutablePointer<Float>
}

extension AttentionCore {
  /// Queries that meet a tile of keys together: their scores stay in the second-level cache.
  private static let queryLimit = 64

  /// The rows of a block for some heads that share keys.
  func attend(
    _ block: Segment, _ heads: Range<Int>, _ queries: Matrix, _ seen: SeenKeys, into out: Matrix,
    _ pass: ForwardPass, _ worker: Worker
  ) {
    let size = max(1, Self.queryLimit / block.count)
    for first in stride(from: heads.lowerBound, to: heads.upperBound, by: size) {
      let some = first..<min(heads.upperBound, first + size)
      let mark = worker.local.mark
      let state = take(block, some, queries, pass.kernels, worker)
      var start = seen.range.lowerBound
      while start < seen.range.upperBound {
        // Tiles lie at the same positions for every query, so a row's sums have one order.
        let end = min(seen.range.upperBound, (start / CacheTable.tile + 1) * CacheTable.tile)
        meet(start..<end, block, some.count, seen, state, pass.kernels)
        start = end
      }
      for row in 0..<block.count {
        for (place, head) in some.enumerated() {
          let index = row * some.count + place
          let result = out[block.firstRow + row] + head * valueDimension
          result.update(from: state.mixtures[index], count: valueDimension)
          pass.kernels.scale(result, by: 1 / state.sums[index], valueDimension)
        }
      }
      worker.local.release(to: mark)
    }
  }

  private func take(
    _ block: Segment, _ heads: Range<Int>, _ queries: Matrix, _ kernels: Kernels, _ worker: Worker
  ) -> Queries {
    let count = block.count * heads.count
    let state = Queries(
      values: worker.local.take(rows: count, columns: keyDimension),
      mixtures: worker.local.take(rows: count, columns: valueDimension),
      scores: worker.local.take(rows: count, columns: CacheTable.tile),
      largest: worker.local.take(count), sums: worker.local.take(count))
    for row in 0..<block.count {
      let index = row * heads.count
      state.values[index].update(
        from: queries[block.firstRow + row] + heads.lowerBound * keyDimension,
        count: heads.count * keyDimension)
      for (place, head) in heads.enumerated() {
        // A sink is a key seen before all others, whose value is zero.
        state.largest[index + place] = sinks?[head] ?? -.infinity
        state.sums[index + place] = sinks == nil ? 0 : 1
      }
    }
    kernels.scale(state.values.base, by: scale, count * keyDimension)
    state.mixtures.base.update(repeating: 0, count: count * valueDimension)
    return state
  }

  /// Adds a tile of keys to what the queries have seen.
  private func meet(
    _ tile: Range<Int>, _ block: Segment, _ heads: Int, _ seen: SeenKeys, _ state: Queries,
    _ kernels: Kernels
  ) {
    kernels.multiply(
      seen.keys.matrix(from: tile.lowerBound, count: tile.count), rows: 0..<tile.count,
      Activations(values: state.values, blocks: nil, blockStride: 0), tokens: state.values.rows,
      into: state.scores.base, stride: state.scores.stride)
    for row in 0..<block.count {
      let visible = seen.visible(in: tile, from: block.position + row)
      let begin = visible.lowerBound - tile.lowerBound
      let rest = tile.count - begin - visible.count
      for index in (row * heads)..<((row + 1) * heads) {
        let scores = state.scores[index]
        if visible.isEmpty {
          scores.update(repeating: 0, count: tile.count)
          continue
        }
        fold(scores + begin, visible.count, index, state, kernels)
        if begin > 0 { scores.update(repeating: 0, count: begin) }
        if rest > 0 { (scores + begin + visible.count).update(repeating: 0, count: rest) }
      }
    }
    kernels.mix(
      seen.values, from: tile.lowerBound, count: tile.count, weights: state.scores,
      into: state.mixtures)
  }

  /// Turns a query's scores of a tile into weights relative to the largest score so far.
  @inline(__always)
  private func fold(
    _ scores: UnsafeMutablePointer<Float>, _ count: Int, _ index: Int, _ state: Queries,
    _ kernels: Kernels
  ) {
    let largest = kernels.maximum(scores, count)
    if largest > state.largest[index] {
      let factor = expf(state.largest[index] - largest)
      kernels.scale(state.mixtures[index], by: factor, valueDimension)
      state.sums[index] *= factor
      state.largest[index] = largest
    }
    // A score that is no number makes no new maximum, but its exponential is none either, nor the sum.
    state.sums[index] += kernels.exponentials(scores, minus: state.largest[index], count)
  }
}
