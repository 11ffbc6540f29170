// Views of float memory that somebody else owns: what layers compute on.

/// A view of `rows` x `columns` floats, row after row, `stride` floats apart.
///
/// A view does not own its memory: activations belong to the ``Arena``, weights to the model. Views are passed to
/// every worker of a pool, which agree among themselves who writes which row.
public struct Matrix: @unchecked Sendable {
  public let base: UnsafeMutablePointer<Float>
  public let rows: Int
  public let columns: Int
  public let stride: Int

  public init(_ base: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
    self.base = base
    self.rows = rows
    self.columns = columns
    self.stride = stride ?? columns
  }

  /// The first element of a row.
  @inline(__always)
  public subscript(row: Int) -> UnsafeMutablePointer<Float> {
    assert(row >= 0 && row < rows, "row \(row) of \(rows)")
    return base + row * stride
  }

  /// Lends a row's values.
  public func withRow<Result, Failure: Error>(
    _ row: Int, _ body: (Span<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeBufferPointer(start: self[row], count: columns).span)
  }

  /// The columns `range` of every row.
  public func columns(_ range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= columns, "\(range) of \(columns)")
    return Matrix(base + range.lowerBound, rows: rows, columns: range.count, stride: stride)
  }

  /// The rows `range`.
  public func rows(_ range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "\(range) of \(rows)")
    return Matrix(
      base + range.lowerBound * stride, rows: range.count, columns: columns, stride: stride)
  }
}

/// A view of `count` floats that do not change: a norm's weights, a bias.
public struct Vector: @unchecked Sendable {
  public let base: UnsafePointer<Float>
  public let count: Int

  public init(_ base: UnsafePointer<Float>, count: Int) {
    self.base = base
    self.count = count
  }

  @inline(__always)
  public subscript(index: Int) -> Float {
    assert(index >= 0 && index < count, "\(index) of \(count)")
    return base[index]
  }
}

/// The rows a matrix product reads: floats, and the same rows in 8-bit blocks where quantised weights want them.
public struct Activations: @unchecked Sendable {
  public let values: Matrix
  /// `[rows]` rows of ``blockStride`` bytes; nil where products are computed on the floats.
  let blocks: UnsafeMutableRawPointer?
  let blockStride: Int

  package init(values: Matrix, blocks: UnsafeMutableRawPointer?, blockStride: Int) {
    self.values = values
    self.blocks = blocks
    self.blockStride = blockStride
  }
}
