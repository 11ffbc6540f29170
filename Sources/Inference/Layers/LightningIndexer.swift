// The lightning indexer of DeepSeek sparse attention (DeepSeek-V3.2 2025, section 2.1): which keys a query attends to.

/// What an indexer is made of: a small attention whose scores only choose.
public struct IndexerDescription: Sendable, Hashable {
  public var heads: Int
  public var dimension: Int
  /// Keys a query keeps.
  public var limit: Int
  /// From the low-rank query, `[heads * dimension, rank]`.
  public var query: LinearDescription
  /// One key all heads share, `[dimension, hidden]`.
  public var key: LinearDescription
  public var keyNorm: NormDescription
  /// Each head's weight, `[heads, hidden]`.
  public var weights: LinearDescription
  /// Turns the first elements of queries and keys.
  public var rotary: RotaryDescription

  public init(
    heads: Int, dimension: Int, limit: Int, query: LinearDescription, key: LinearDescription,
    keyNorm: NormDescription, weights: LinearDescription, rotary: RotaryDescription
  ) {
    self.heads = heads
    self.dimension = dimension
    self.limit = limit
    self.query = query
    self.key = key
    self.keyNorm = keyNorm
    self.weights = weights
    self.rotary = rotary
  }
}

struct LightningIndexer: Sendable {
  let description: IndexerDescription
  private let query: Linear
  private let key: Linear
  private let keyNorm: Norm
  private let weights: Linear
  private let rotary: RotaryTable
  private let slot: Int
  /// Which of the slot's tables holds the keys.
  private let table: Int

  init(_ d: IndexerDescription, slot: Int, table: Int, _ builder: ModelBuilder) throws {
    description = d
    query = try builder.source.linear(d.query)
    key = try builder.source.linear(d.key)
    keyNorm = try builder.source.norm(d.keyNorm)
    weights = try builder.source.linear(d.weights)
    rotary = try builder.rotaryTable(d.rotary)
    self.slot = slot
    self.table = table
    builder.reserveSelections(of: d.limit)
  }

  /// Chooses each row's keys and leaves the choice in ``ForwardPass/selection``. Ends with a barrier.
  ///
  /// - Parameters:
  ///   - x: The layer's input.
  ///   - low: The low-rank query.
  func forward(_ x: Activations, _ low: Activations, _ pass: ForwardPass, _ worker: Worker) {
    let d = description
    let mark = worker.arena.mark
    let n = pass.count
    let queries = worker.arena.take(rows: n, columns: d.heads * d.dimension)
    let keys = worker.arena.take(rows: n, columns: d.dimension)
    let weighing = worker.arena.take(rows: n, columns: d.heads)
    pass.project(query, low, into: queries, worker)
    pass.project(key, x, into: keys, worker)
    pass.project(weights, x, into: weighing, worker)
    worker.barrier()
    for row in worker.share(of: n) { prepare(queries[row], keys[row], weighing[row], row, pass) }
    worker.barrier()
    let slot = slot
    let table = table
    selectKeys(
      queries, weighing, heads: d.heads,
      keys: { pass.cache.table(table, of: slot, sequence: $0) }, limit: d.limit,
      visible: { $0 + 1 }, pass, worker)
    worker.arena.release(to: mark)
  }

  /// Rotates queries, puts the key into the cache, and takes the constant factors of a score into the weights.
  private func prepare(
    _ query: UnsafeMutablePointer<Float>, _ key: UnsafeMutablePointer<Float>,
    _ weights: UnsafeMutablePointer<Float>, _ row: Int, _ pass: ForwardPass
  ) {
    let d = description
    let position = Int(pass.positions[row])
    for head in 0..<d.heads { rotary.rotate(query + head * d.dimension, position: position) }
    let entry = pass.cache.table(table, of: slot, sequence: Int(pass.sequences[row]))[position]
    keyNorm.apply(key, into: entry, count: d.dimension, pass.kernels)
    rotary.rotate(entry, position: position)
    pass.kernels.scale(weights, by: indexWeightScale(d.heads, d.dimension), d.heads)
  }
}

/// What turns the sum over heads into the mean score the papers define; positive, so that it passes through ReLU.
func indexWeightScale(_ heads: Int, _ dimension: Int) -> Float {
  1 / (Float(heads).squareRoot() * Float(dimension).squareRoot())
}

/// Keeps, for each row, the keys with the largest `sum_h weight_h relu(query_h . key)`. Ends with a barrier.
///
/// - Parameters:
///   - queries: `[rows, heads * dimension]`.
///   - weights: `[rows, heads]`.
///   - keys: The key table of a sequence, `[capacity, dimension]`.
///   - visible: How many keys, from the first, a position sees.
func selectKeys(
  _ queries: Matrix, _ weights: Matrix, heads: Int, keys: (Int) -> Matrix, limit: Int,
  visible: (Int) -> Int, _ pass: ForwardPass, _ worker: Worker
) {
  guard let selection = pass.selection(limit: limit) else {
    preconditionFailure("an indexer without a place for its choice")
  }
  // One piece of keys against all heads stays in the second-level cache.
  let piece = 1024
  var longest = 0
  for segment in pass.segments {
    longest = max(longest, visible(segment.position + segment.count - 1))
  }
  let pieces = (longest + piece - 1) / piece
  let scores = worker.arena.take(rows: pass.count, columns: longest)
  worker.claim(pass.count * pieces, by: 1) { range in
    for task in range {
      let row = task / pieces
      let count = visible(Int(pass.positions[row]))
      let first = task % pieces * piece
      // Rows that see no more than they may keep need no scores.
      guard count > limit, first < count else { continue }
      scoreKeys(
        queries[row], weights[row], heads: heads, keys(Int(pass.sequences[row])),
        first..<min(count, first + piece), into: scores[row], worker)
    }
  }
  worker.barrier()
  for row in worker.share(of: pass.count) {
    let count = visible(Int(pass.positions[row]))
    let chosen = selection.positions + row * selection.limit
    selection.counts[row] = Int32(truncatingIfNeeded: min(count, limit))
    if count <= limit {
      for index in 0..<count { chosen[index] = Int32(truncatingIfNeeded: index) }
    } else {
      keepLargest(scores[row], count: count, k: limit, into: chosen, worker)
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
func keepLargest(
  _ scores: UnsafePointer<Float>, count: Int, k: Int, into places: UnsafeMutablePointer<Int32>,
  _ worker: Worker
) {
  let mark = worker.local.mark
  defer { worker.local.release(to: mark) }
  let sorted = worker.local.take(count)
  for i in 0..<count { sorted[i] = scores[i].isNaN ? -.infinity : scores[i] }
  let threshold = element(ofRank: k - 1, among: sorted, count)
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
