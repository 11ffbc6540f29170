// Weights as they are stored: a view of a matrix in one of the formats the kernels read.

/// How the numbers of a weight matrix are stored.
public enum WeightFormat: String, Sendable, CaseIterable, Codable {
  case f32, f16, bf16
  case q8_0, q4_0, q4_1, q5_0, q5_1
  case q2_k, q3_k, q4_k, q5_k, q6_k
  case iq4_nl, iq4_xs, mxfp4
  /// Eight-bit floats (E4M3) with one float scale per 128 x 128 block, as DeepSeek-V3 stores them.
  case fp8
}

/// A view of a weight matrix `[rows, columns]` that multiplies a column vector: `y = W x`.
///
/// The bytes belong to the model (a mapped file or memory of its own), which outlives every view.
public struct WeightMatrix: @unchecked Sendable {
  public let format: WeightFormat
  public let rows: Int
  public let columns: Int
  let base: UnsafeRawPointer
  /// Bytes from one row to the next.
  let rowBytes: Int
  /// Block scales of ``WeightFormat/fp8``: where they lie, how many a row of blocks has, and which row of the grid's
  /// tensor this view begins at.
  var scales: UnsafePointer<Float>?
  var scaleColumns = 0
  var scaleRow = 0
  /// A power of two that the stored values are to be multiplied with: scales that their format cannot hold.
  var factor: Float = 1
  /// Sixteen rows interleaved instead of one after the other.
  var isPacked = false
  /// Whether the bytes are the model's own and nobody else's view, so that they may be rearranged in place.
  var isOwned = false
  /// Whether the bytes lie in the mapping of a file.
  var isMapped = false

  /// The rows `range` as a matrix of their own.
  func rows(_ range: Range<Int>) -> WeightMatrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows && !isPacked, "\(range)")
    var view = WeightMatrix(
      format: format, rows: range.count, columns: columns,
      base: base + range.lowerBound * rowBytes, rowBytes: rowBytes)
    view.scales = scales
    view.scaleColumns = scaleColumns
    view.scaleRow = scaleRow + range.lowerBound
    view.factor = factor
    view.isOwned = isOwned
    view.isMapped = isMapped
    return view
  }

  /// Bytes a product with this matrix reads.
  public var byteCount: Int {
    rows * rowBytes + (scales == nil ? 0 : ((rows + 127) / 128) * scaleColumns * 4)
  }

  package init(
    format: WeightFormat, rows: Int, columns: Int, base: UnsafeRawPointer, rowBytes: Int
  ) {
    self.format = format
    self.rows = rows
    self.columns = columns
    self.base = base
    self.rowBytes = rowBytes
  }
}

/// The routed experts of one layer: three projections each.
public struct ExpertBank: Sendable {
  /// `[experts]` of `[intermediate, hidden]`.
  public let gate: [WeightMatrix]
  /// `[experts]` of `[intermediate, hidden]`.
  public let up: [WeightMatrix]
  /// `[experts]` of `[hidden, intermediate]`.
  public let down: [WeightMatrix]
  /// `[experts * intermediate]`, where the family has biases.
  public var gateBias: Vector?
  public var upBias: Vector?
  /// `[experts * hidden]`.
  public var downBias: Vector?

  public var count: Int { gate.count }
  public var intermediate: Int { gate.first?.rows ?? 0 }
  public var bytesPerExpert: Int {
    (gate.first?.byteCount ?? 0) + (up.first?.byteCount ?? 0) + (down.first?.byteCount ?? 0)
  }
}
