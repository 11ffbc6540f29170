// The rows of one head of one sequence in a cache's table.

/// A view of rows that attention reads: numbers of one format, one row after the other.
package struct CacheRows: @unchecked Sendable {
  let format: CacheFormat
  let base: UnsafeMutableRawPointer
  /// Rows there are; the row after the last is the first again.
  let rows: Int
  let width: Int

  var rowBytes: Int { width * format.bytes }

  /// Where the row `index` lies.
  @inline(__always)
  subscript(index: Int) -> UnsafeMutableRawPointer { base + index % rows * rowBytes }

  /// Writes the row `index`.
  @inline(__always)
  package func store(_ x: UnsafePointer<Float>, at index: Int, _ kernels: Kernels) {
    switch format {
    case .f32: self[index].copyMemory(from: x, byteCount: width * 4)
    case .f16: kernels.halve(x, into: self[index], width)
    }
  }

  /// `count` rows from `first` on as a matrix that multiplies queries; they must not go past the last row.
  @inline(__always)
  func matrix(from first: Int, count: Int) -> WeightMatrix {
    precondition(first % rows + count <= rows, "\(count) rows from \(first) of \(rows)")
    return WeightMatrix(
      format: format == .f32 ? .f32 : .f16, rows: count, columns: width, base: self[first],
      rowBytes: rowBytes)
  }

  /// All rows as floats, where they are.
  var floats: Matrix {
    precondition(format == .f32, "halves seen as floats")
    return Matrix(base.assumingMemoryBound(to: Float.self), rows: rows, columns: width)
  }
}
