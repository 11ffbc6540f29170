// Each head's own matrices of multi-head latent attention, used from the other side: on queries and mixtures.

/// The up-projections of keys and values, a pair of matrices a head, in whatever format they are stored.
struct LatentExpansion: Sendable {
  private let matrix: WeightMatrix
  private let heads: Int
  private let unrotated: Int
  private let rotated: Int
  private let valueDimension: Int
  private let latent: Int

  init(_ d: LatentAttentionDescription, _ source: any WeightSource) throws {
    var expansion = d.expansion
    expansion.rowGroup = greatestCommonDivisor(d.unrotated, d.valueDimension)
    matrix = try source.matrix(expansion)
    heads = d.heads
    unrotated = d.unrotated
    rotated = d.rotated
    valueDimension = d.valueDimension
    latent = d.latent
  }

  /// `queries[t, head][0 ..< latent] = K[head]^T projected[t, head][0 ..< unrotated]`. Ends without a barrier.
  ///
  /// - Parameters:
  ///   - projected: `[rows, heads * (unrotated + rotated)]`.
  ///   - queries: `[rows, heads * (latent + rotated)]`.
  func absorbKeys(
    _ projected: Matrix, into queries: Matrix, _ pass: ForwardPass, _ worker: Worker
  ) {
    worker.claim(heads, by: 1) { range in
      for head in range {
        let start = head * (unrotated + rotated)
        let input = projected.columns(start..<(start + unrotated))
        let out = queries.columns((head * (latent + rotated))..<queries.columns)
        let first = head * (unrotated + valueDimension)
        multiplyTransposed(first..<(first + unrotated), input, into: out, pass, worker)
      }
    }
  }

  /// `out[t] = W[rows]^T x[t]`: the stored rows are added up, weighed by the input's elements.
  private func multiplyTransposed(
    _ rows: Range<Int>, _ x: Matrix, into out: Matrix, _ pass: ForwardPass, _ worker: Worker
  ) {
    let mark = worker.local.mark
    defer { worker.local.release(to: mark) }
    guard x.rows < ForwardPass.blasRows else {
      let panel = worker.local.take(rows: rows.count, columns: latent)
      for (place, row) in rows.enumerated() {
        pass.kernels.dequantizeRow(row, of: matrix, into: panel[place])
      }
      BLAS.multiply(
        m: x.rows, n: latent, k: rows.count, a: x.base, strideA: x.stride, b: panel.base,
        strideB: latent, c: out.base, strideC: out.stride)
      return
    }
    let weights = worker.local.take(latent)
    for t in 0..<x.rows { out[t].update(repeating: 0, count: latent) }
    for (place, row) in rows.enumerated() {
      pass.kernels.dequantizeRow(row, of: matrix, into: weights)
      for t in 0..<x.rows { pass.kernels.addScaled(x[t][place], weights, to: out[t], latent) }
    }
  }

  /// `out[t, head] = V[head] mixtures[t, head]`. Ends without a barrier.
  ///
  /// - Parameters:
  ///   - mixtures: `[rows, heads * latent]`.
  ///   - out: `[rows, heads * valueDimension]`.
  func expandValues(
    _ mixtures: Activations, into out: Matrix, _ pass: ForwardPass, _ worker: Worker
  ) {
    worker.claim(heads, by: 1) { range in
      for head in range {
        let first = head * (unrotated + valueDimension) + unrotated
        pass.multiply(
          matrix, rows: first..<(first + valueDimension),
          mixtures.columns((head * latent)..<((head + 1) * latent)), tokens: out.rows,
          into: out.base + head * valueDimension, stride: out.stride, worker)
      }
    }
  }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
  b == 0 ? a : greatestCommonDivisor(b, a % b)
}

extension Activations {
  /// The columns `range` of every row; floats alone where they are not whole blocks of 32.
  func columns(_ range: Range<Int>) -> Activations {
    let isWhole = range.lowerBound % 32 == 0 && range.count % 32 == 0
    return Activations(
      values: values.columns(range),
      blocks: isWhole ? blocks.map { $0 + Kernels.quantizedBytes(range.lowerBound) } : nil,
      blockStride: blockStride)
  }
}
