// Scaled dot-product attention over a cache (Vaswani et al. 2017, section 3.2), for grouped heads.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

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
}

/// Scores, softmax and mixture for heads that share keys and values in groups.
struct AttentionCore: Sendable {
  let heads: Int
  let keyHeads: Int
  let keyDimension: Int
  let valueDimension: Int
  let scale: Float
  let visibility: Visibility
  /// One logit a head that takes part in the softmax and mixes nothing in, `[heads]`.
  var sinks: Vector?

  /// For every row: `out[row, head] = softmax(scale q k^T) v` over the keys it sees. Ends without a barrier.
  ///
  /// - Parameters:
  ///   - queries: `[rows, heads * keyDimension]`.
  ///   - keys: The key table of a sequence, `[capacity, >= keyHeads * keyDimension]`.
  ///   - values: The value table of a sequence, `[capacity, >= keyHeads * valueDimension]`.
  ///   - selection: The keys a row may see instead of all visible ones, ascending.
  ///   - further: Keys a row sees beside those; needs values that lie in the keys' table.
  ///   - out: `[rows, heads * valueDimension]`.
  func attend(
    _ queries: Matrix, keys: (Int) -> Matrix, values: (Int) -> Matrix,
    selection: KeySelection? = nil, further: FurtherKeys? = nil, into out: Matrix,
    _ pass: ForwardPass, _ worker: Worker
  ) {
    // Few key heads (latent attention has one) would leave workers idle: their query heads are dealt out too.
    let unit = isGathered || selection != nil || further != nil ? Self.headUnit : 1
    let units = (heads / keyHeads + unit - 1) / unit
    let parts = min(units, (worker.count + keyHeads - 1) / keyHeads)
    worker.claim(pass.blocks.count * keyHeads * parts, by: 1) { range in
      for task in range {
        let block = pass.blocks[task / (keyHeads * parts)]
        let keyHead = task / parts % keyHeads
        let part = task % parts
        let heads = headRange(keyHead, units * part / parts..<units * (part + 1) / parts, unit)
        let keyTable = keys(block.sequence).columns(
          (keyHead * keyDimension)..<((keyHead + 1) * keyDimension))
        let valueTable = values(block.sequence).columns(
          (keyHead * valueDimension)..<((keyHead + 1) * valueDimension))
        let mark = worker.local.mark
        // Rows that see no more keys than they may keep see all.
        let selection = selection.flatMap { block.position + block.count > $0.limit ? $0 : nil }
        let isPlain = selection == nil && further == nil
        if isPlain && block.count >= 8 {
          attendBlock(
            block, heads, queries, keyTable, valueTable, into: out, pass.kernels, worker)
        } else {
          for row in 0..<block.count {
            if isPlain && !isGathered {
              attendRow(
                block, row, heads, queries, keyTable, valueTable, into: out, pass.kernels, worker)
            } else {
              attendGathered(
                block, row, heads, queries, keyTable, valueTable, selection, further, into: out,
                pass, worker)
            }
          }
        }
        worker.local.release(to: mark)
      }
    }
  }

  /// From this many heads that share a key on, a row's scores are one matrix product.
  private static let gatheredHeads = 8
  /// Heads of one such product. OpenBLAS sums in an order that depends on the shape of a call, so heads are dealt out
  /// in these whatever the number of workers: then no score depends on that number.
  static let headUnit = 32

  private var isGathered: Bool { heads / keyHeads >= Self.gatheredHeads }

  /// The heads of some units of the heads that share a key head.
  private func headRange(_ keyHead: Int, _ units: Range<Int>, _ size: Int) -> Range<Int> {
    let group = heads / keyHeads
    let first = keyHead * group
    return (first + units.lowerBound * size)..<(first + min(group, units.upperBound * size))
  }

  /// One query row: dot products with each key it sees.
  private func attendRow(
    _ block: Segment, _ offset: Int, _ heads: Range<Int>, _ queries: Matrix, _ keys: Matrix,
    _ values: Matrix, into out: Matrix, _ kernels: Kernels, _ worker: Worker
  ) {
    let position = block.position + offset
    let row = block.firstRow + offset
    let first = visibility.firstKey(for: position)
    let count = position + 1 - first
    let mark = worker.local.mark
    defer { worker.local.release(to: mark) }
    let scores = worker.local.take(count)
    for head in heads {
      let query = queries[row] + head * keyDimension
      for j in 0..<count {
        scores[j] = kernels.dot(query, keys[first + j], keyDimension) * scale
      }
      softmax(scores, count, head, kernels)
      let result = out[row] + head * valueDimension
      result.update(repeating: 0, count: valueDimension)
      for j in 0..<count {
        kernels.addScaled(scores[j], values[first + j], to: result, valueDimension)
      }
    }
  }

  /// Many rows of one sequence: two matrix products a head, masked in between.
  private func attendBlock(
    _ block: Segment, _ heads: Range<Int>, _ queries: Matrix, _ keys: Matrix, _ values: Matrix,
    into out: Matrix, _ kernels: Kernels, _ worker: Worker
  ) {
    let first = visibility.firstKey(for: block.position)
    let span = block.position + block.count - first
    let scores = worker.local.take(rows: block.count, columns: span)
    for head in heads {
      BLAS.multiplyTransposed(
        m: block.count, n: span, k: keyDimension,
        a: queries[block.firstRow] + head * keyDimension, strideA: queries.stride,
        b: keys[first], strideB: keys.stride, c: scores.base, strideC: span)
      for row in 0..<block.count {
        let position = block.position + row
        let begin = visibility.firstKey(for: position) - first
        let end = position + 1 - first
        let visible = scores[row]
        kernels.scale(visible + begin, by: scale, end - begin)
        softmax(visible + begin, end - begin, head, kernels)
        visible.update(repeating: 0, count: begin)
        (visible + end).update(repeating: 0, count: span - end)
      }
      BLAS.multiply(
        m: block.count, n: valueDimension, k: span, a: scores.base, strideA: span,
        b: values[first], strideB: values.stride,
        c: out[block.firstRow] + head * valueDimension, strideC: out.stride)
    }
  }

  @inline(__always)
  func softmax(
    _ scores: UnsafeMutablePointer<Float>, _ count: Int, _ head: Int, _ kernels: Kernels
  ) {
    var largest = kernels.maximum(scores, count)
    if let sinks { largest = max(largest, sinks[head]) }
    var sum = kernels.exponentials(scores, minus: largest, count)
    if let sinks { sum += expf(sinks[head] - largest) }
    kernels.scale(scores, by: 1 / sum, count)
  }
}
