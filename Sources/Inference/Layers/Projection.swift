// Matrix products cut among the workers: by the kernels, or by OpenBLAS where float weights meet many rows and the
// instruction set's kernels are slower at that.

/// A loaded projection: `y = W x (+ b)`.
public struct Linear: Sendable {
  let weight: WeightMatrix
  let bias: Vector?

  var outputs: Int { weight.rows }
}

extension ForwardPass {
  /// From this many rows on OpenBLAS may be faster: below, its packing costs more than it gains.
  static let blasRows = 12

  /// `out[t, r] = W[r] . x[t] + b[r]`, for all rows of the batch. Ends without a barrier.
  func project(_ linear: Linear, _ x: Activations, into out: Matrix, _ worker: Worker) {
    let rows = linear.weight.rows
    worker.divide(rows, by: unit(of: linear.weight, x, tokens: x.values.rows)) { range in
      project(linear, range, x, into: out.columns(range), worker)
    }
  }

  /// Several projections of the same rows as one piece of work: `outs[i] = linears[i] x`. Ends without a barrier.
  func project(
    _ first: (Linear, Matrix), _ second: (Linear, Matrix), _ third: (Linear, Matrix),
    _ x: Activations, _ worker: Worker
  ) {
    let (a, b, c) = (first.0.weight.rows, second.0.weight.rows, third.0.weight.rows)
    let unit = 32
    func isCutFreely(_ pair: (Linear, Matrix)) -> Bool {
      !usesBLAS(pair.0.weight, x, tokens: x.values.rows)
    }
    guard a % unit == 0, b % unit == 0, isCutFreely(first), isCutFreely(second), isCutFreely(third)
    else {
      project(first.0, x, into: first.1, worker)
      project(second.0, x, into: second.1, worker)
      project(third.0, x, into: third.1, worker)
      return
    }
    worker.divide(a + b + c, by: unit) { range in
      project(first, range, from: 0, x, worker)
      project(second, range, from: a, x, worker)
      project(third, range, from: a + b, x, worker)
    }
  }

  /// The rows of a projection that lie in `range`, in which they begin at `start`.
  @inline(__always)
  private func project(
    _ pair: (linear: Linear, out: Matrix), _ range: Range<Int>, from start: Int, _ x: Activations,
    _ worker: Worker
  ) {
    let first = max(range.lowerBound, start) - start
    let end = min(range.upperBound, start + pair.linear.weight.rows) - start
    if first >= end { return }
    project(pair.linear, first..<end, x, into: pair.out.columns(first..<end), worker)
  }

  /// `out[t, r - range.lowerBound] = W[r] . x[t] + b[r]` for some rows of the weights, on the calling worker.
  @inline(__always)
  func project(
    _ linear: Linear, _ range: Range<Int>, _ x: Activations, into out: Matrix, _ worker: Worker
  ) {
    multiply(
      linear.weight, rows: range, x, tokens: x.values.rows, into: out.base, stride: out.stride,
      worker)
    guard let bias = linear.bias else { return }
    for t in 0..<x.values.rows {
      kernels.addScaled(1, bias.base + range.lowerBound, to: out[t], range.count)
    }
  }

  /// Rows of a matrix that are never cut: a panel where OpenBLAS may be called, else 32, which kernels can take at once
  /// (interleaved weights can be cut at multiples of 16).
  ///
  /// - Parameter tokens: Rows of `x` that a product takes, at most.
  func unit(of matrix: WeightMatrix, _ x: Activations, tokens: Int) -> Int {
    usesBLAS(matrix, x, tokens: tokens) ? Self.panel(of: matrix) : 32
  }

  func usesBLAS(_ matrix: WeightMatrix, _ x: Activations, tokens: Int) -> Bool {
    if matrix.format.wantsBlocks {
      return tokens >= Self.blasRows && x.blocks == nil && !matrix.isPacked
    }
    return tokens >= Self.blasRows && tokens > kernels.floatTokens
  }

  /// Rows of a matrix that one call of OpenBLAS multiplies. The order of its sums depends on the shape of a call, so
  /// matrices are cut at the same rows however many workers there are: then no number depends on that either.
  private static func panel(of matrix: WeightMatrix) -> Int {
    if isDirect(matrix) { return 256 }
    // A panel of dequantised rows stays in the second-level cache between the two steps.
    return max(16, min(1024, (1 << 17 / max(matrix.columns, 1)) & ~15))
  }

  /// Whether OpenBLAS can read the weights where they lie.
  private static func isDirect(_ matrix: WeightMatrix) -> Bool {
    matrix.format == .f32 && matrix.rowBytes == matrix.columns * 4
      && Int(bitPattern: matrix.base) % 4 == 0
  }

  /// One piece of a product, on the calling worker.
  func multiply(
    _ matrix: WeightMatrix, rows: Range<Int>, _ x: Activations, index: UnsafePointer<Int32>? = nil,
    tokens: Int, into out: UnsafeMutablePointer<Float>, stride: Int, _ worker: Worker
  ) {
    if usesBLAS(matrix, x, tokens: tokens) {
      multiplyBLAS(
        matrix, rows: rows, x.values, index: index, tokens: tokens, into: out, stride: stride,
        worker)
    } else {
      kernels.multiply(
        matrix, rows: rows, x, index: index, tokens: tokens, into: out, stride: stride)
    }
  }

  private func multiplyBLAS(
    _ matrix: WeightMatrix, rows: Range<Int>, _ x: Matrix, index: UnsafePointer<Int32>?,
    tokens: Int, into out: UnsafeMutablePointer<Float>, stride: Int, _ worker: Worker
  ) {
    let mark = worker.local.mark
    defer { worker.local.release(to: mark) }
    let columns = matrix.columns
    var input = UnsafePointer(x.base)
    var inputStride = x.stride
    if let index {
      let gathered = worker.local.take(tokens * columns)
      for t in 0..<tokens {
        (gathered + t * columns).update(from: x[Int(index[t])], count: columns)
      }
      input = UnsafePointer(gathered)
      inputStride = columns
    }
    let panel = Self.panel(of: matrix)
    let floats =
      Self.isDirect(matrix) ? nil : worker.local.take(min(panel, rows.count) * columns)
    var first = rows.lowerBound
    while first < rows.upperBound {
      let size = min(panel, rows.upperBound - first)
      var weights = matrix.base.assumingMemoryBound(to: Float.self) + first * columns
      if let floats {
        for row in 0..<size {
          kernels.dequantizeRow(first + row, of: matrix, into: floats + row * columns)
        }
        weights = UnsafePointer(floats)
      }
      BLAS.multiplyTransposed(
        m: tokens, n: size, k: columns, a: input, strideA: inputStride, b: weights,
        strideB: columns, c: out + (first - rows.lowerBound), strideC: stride)
      first += size
    }
  }

  /// Memory for rows that products will read: floats, and 8-bit blocks unless the pass is exact.
  func takeActivations(rows: Int, columns: Int, _ worker: Worker) -> Activations {
    let values = worker.arena.take(rows: rows, columns: columns)
    guard !exact else { return Activations(values: values, blocks: nil, blockStride: 0) }
    let stride = Kernels.quantizedBytes(columns)
    return Activations(
      values: values, blocks: worker.arena.takeBytes(rows * stride), blockStride: stride)
  }

  /// Makes the 8-bit form of a row that has been written.
  @inline(__always)
  func seal(_ x: Activations, row: Int) {
    if let blocks = x.blocks {
      kernels.quantize(x.values[row], x.values.columns, into: blocks + row * x.blockStride)
    }
  }
}
