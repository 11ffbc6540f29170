// The fence: lengths are checked here, then C is called. Nothing unsafe leaves upward but views.

import CKernels

/// The vector operations and matrix products of one instruction set.
public struct Kernels: @unchecked Sendable {
  let table: UnsafePointer<ck_kernels>
  /// Products by format, of 8-bit and of float activations; nil where this instruction set has none of its own.
  private let blockProducts: UnsafePointer<ck_multiply_fn?>
  private let floatProducts: UnsafePointer<ck_multiply_fn?>
  private let reference: UnsafePointer<ck_kernels>

  /// The best this machine has, or the one named.
  ///
  /// - Throws: ``EngineError/usage(_:)`` for a name that is unknown or not available here.
  public init(named name: String? = nil) throws(EngineError) {
    let isa: ck_isa
    if let name {
      guard let found = InstructionSet.all.first(where: { $0.name == name }) else {
        let names = InstructionSet.all.filter(\.isAvailable).map(\.name).joined(separator: ", ")
        throw .usage("no instruction set \"\(name)\" (here: \(names))")
      }
      isa = found.isa
    } else {
      isa = ck_isa_best()
    }
    guard let table = ck_kernels_for(isa), let reference = ck_kernels_for(CK_REFERENCE) else {
      let reason = ck_isa_refusal(isa).map { ": \(String(cString: $0))" } ?? ""
      throw .usage("this machine has no \(name ?? "usable instruction set")\(reason)")
    }
    self.table = table
    self.reference = reference
    blockProducts = Self.products(\.multiply, of: table)
    floatProducts = Self.products(\.multiply_f32, of: table)
  }

  public var name: String { String(cString: table.pointee.name) }

  /// The most tokens for which a BLAS library would gain nothing in products of float weights.
  var floatTokens: Int { Int(table.pointee.float_tokens) }

  /// Does `steps` steps of nothing but multiply-adds of floats; operations done, two each.
  func floatPeak(steps: Int) -> Double { table.pointee.peak_f32(steps) }

  /// The same of dot products of 8-bit integers.
  func integerPeak(steps: Int) -> Double { table.pointee.peak_int8(steps) }

  // MARK: - Vectors

  @inline(__always)
  func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ n: Int) -> Float {
    table.pointee.dot(a, b, n)
  }

  /// y += alpha x
  @inline(__always)
  func addScaled(
    _ alpha: Float, _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    table.pointee.axpy(alpha, x, y, n)
  }

  @inline(__always)
  func scale(_ x: UnsafeMutablePointer<Float>, by alpha: Float, _ n: Int) {
    table.pointee.scale(alpha, x, n)
  }

  /// `out = x / sqrt(mean(x^2) + epsilon) * (weight + offset)` (Zhang and Sennrich 2019). `out` may be `x`.
  @inline(__always)
  func rmsNorm(
    _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?, offset: Float = 0, epsilon: Float,
    into out: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    table.pointee.rms_norm(x, weight, offset, epsilon, out, n)
  }

  @inline(__always)
  func sumOfSquares(_ x: UnsafePointer<Float>, _ n: Int) -> Float {
    table.pointee.sum_of_squares(x, n)
  }

  /// Reads every whole word; all of them combined, so that no compiler may skip the reading.
  @inline(__always)
  func readWords(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    guard let base = bytes.baseAddress else { return 0 }
    return table.pointee.read_words(base.assumingMemoryBound(to: UInt32.self), bytes.count / 4)
  }

  @inline(__always)
  func maximum(_ x: UnsafePointer<Float>, _ n: Int) -> Float { table.pointee.max(x, n) }

  /// `x = exp(x - maximum)`; returns the sum of the results.
  @inline(__always)
  func exponentials(_ x: UnsafeMutablePointer<Float>, minus maximum: Float, _ n: Int) -> Float {
    table.pointee.exp_minus(x, maximum, n)
  }

  /// `out = silu(gate) * up`
  @inline(__always)
  func swiGLU(
    gate: UnsafePointer<Float>, up: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>,
    _ n: Int
  ) {
    table.pointee.silu_multiply(gate, up, out, n)
  }

  /// `n` floats as halves, rounded to nearest even.
  @inline(__always)
  func halve(_ x: UnsafePointer<Float>, into out: UnsafeMutableRawPointer, _ n: Int) {
    table.pointee.to_f16(x, out.assumingMemoryBound(to: UInt16.self), n)
  }

  /// `out[i] += sum over j of weights[i, j] * values[first + j]`, j rising, on the values' first columns.
  ///
  /// - Parameters:
  ///   - weights: `[queries, >= count]`.
  ///   - out: `[queries, columns]`, no more columns than a value has numbers.
  @inline(__always)
  func mix(
    _ values: CacheRows, from first: Int, count: Int, weights: Matrix, into out: Matrix
  ) {
    precondition(out.columns <= values.width && first % values.rows + count <= values.rows)
    table.pointee.mix(
      values.format == .f32 ? CK_F32 : CK_F16, weights.base, weights.stride, weights.rows,
      values[first], values.rowBytes, count, out.columns, out.base, out.stride)
  }

  @inline(__always)
  func silu(_ x: UnsafeMutablePointer<Float>, _ n: Int) { table.pointee.silu(x, n) }

  @inline(__always)
  func sigmoid(_ x: UnsafeMutablePointer<Float>, _ n: Int) { table.pointee.sigmoid(x, n) }

  // MARK: - Weights

  /// Row `row` of `matrix` as floats.
  @inline(__always)
  package func dequantizeRow(
    _ row: Int, of matrix: WeightMatrix, into out: UnsafeMutablePointer<Float>
  ) {
    precondition(row >= 0 && row < matrix.rows, "row \(row) of \(matrix.rows)")
    var weights = matrix.ck
    table.pointee.dequantize_row(&weights, row, out)
    if matrix.factor != 1 { scale(out, by: matrix.factor, matrix.columns) }
  }

  /// `n` floats as 8-bit blocks of 32.
  @inline(__always)
  func quantize(_ x: UnsafePointer<Float>, _ n: Int, into out: UnsafeMutableRawPointer) {
    table.pointee.quantize_q8(x, n, out.assumingMemoryBound(to: ck_block_q8.self))
  }

  /// Bytes of `n` activations in 8-bit blocks.
  static func quantizedBytes(_ n: Int) -> Int { (n + 31) / 32 * MemoryLayout<ck_block_q8>.stride }

  /// `out[t, r - rows.lowerBound] = W[r] . x[index?[t] ?? t]` for the given rows and tokens.
  ///
  /// The sum has one order whatever the range of rows and the number of tokens, so results do not depend on how a
  /// product is cut among workers.
  @inline(__always)
  package func multiply(
    _ matrix: WeightMatrix, rows: Range<Int>, _ x: Activations, index: UnsafePointer<Int32>? = nil,
    tokens: Int, into out: UnsafeMutablePointer<Float>, stride: Int
  ) {
    precondition(rows.upperBound <= matrix.rows && x.values.columns == matrix.columns)
    var weights = matrix.ck
    let format = Int(weights.format.rawValue)
    let result = (rows: rows.lowerBound, end: rows.upperBound)
    if let blocks = x.blocks, matrix.format.wantsBlocks {
      let product =
        blockProducts[format] ?? Self.products(\.multiply, of: reference)[format]
      product?(&weights, result.rows, result.end, blocks, x.blockStride, index, tokens, out, stride)
    } else {
      let product =
        floatProducts[format] ?? Self.products(\.multiply_f32, of: reference)[format]
      product?(
        &weights, result.rows, result.end, x.values.base, x.values.stride * 4, index, tokens, out,
        stride)
    }
    if matrix.factor != 1 {
      for token in 0..<tokens { scale(out + token * stride, by: matrix.factor, rows.count) }
    }
  }

  /// The C array `member` of a table: Swift imports it as a tuple, which cannot be indexed.
  private static func products<Tuple>(
    _ member: KeyPath<ck_kernels, Tuple>, of table: UnsafePointer<ck_kernels>
  ) -> UnsafePointer<ck_multiply_fn?> {
    let offset = MemoryLayout<ck_kernels>.offset(of: member) ?? 0
    return (UnsafeRawPointer(table) + offset).assumingMemoryBound(to: ck_multiply_fn?.self)
  }
}

extension WeightFormat {
  var ck: ck_format {
    switch self {
    case .f32: CK_F32
    case .f16: CK_F16
    case .bf16: CK_BF16
    case .q8_0: CK_Q8_0
    case .q4_0: CK_Q4_0
    case .q4_1: CK_Q4_1
    case .q5_0: CK_Q5_0
    case .q5_1: CK_Q5_1
    case .q2_k: CK_Q2_K
    case .q3_k: CK_Q3_K
    case .q4_k: CK_Q4_K
    case .q5_k: CK_Q5_K
    case .q6_k: CK_Q6_K
    case .iq4_nl: CK_IQ4_NL
    case .iq4_xs: CK_IQ4_XS
    case .mxfp4: CK_MXFP4
    case .fp8: CK_FP8_E4M3
    }
  }

  /// Values a block holds; a row is a whole number of blocks.
  public var blockSize: Int { Int(ck_format_block(ck)) }
  public var blockBytes: Int { Int(ck_format_block_bytes(ck)) }
  public var bitsPerWeight: Double { Double(blockBytes) * 8 / Double(blockSize) }

  /// Whether products of this format are made for 8-bit activations.
  var wantsBlocks: Bool { ck_format_activation(ck) == CK_ACT_Q8 }

  /// Bytes of a row of `columns` values; nil if they do not fill whole blocks.
  public func rowBytes(_ columns: Int) -> Int? {
    columns % blockSize == 0 ? columns / blockSize * blockBytes : nil
  }

  /// Quantises one row; false if the format has no quantiser.
  func quantize(
    _ x: UnsafePointer<Float>, _ n: Int, into out: UnsafeMutableRawPointer
  ) -> Bool {
    ck_quantize_row(ck, x, n, out) == 0
  }
}

extension Kernels {
  /// Processors this process may run on.
  static var processors: Int { Int(ck_processors()) }
}

extension WeightMatrix {
  /// Whether sixteen rows of this format can be interleaved.
  var canPack: Bool { !isPacked && rows >= 16 && ck_packed_bytes(format.ck, rows, columns) > 0 }

  /// Writes the rows `range`, sixteen interleaved at a time, into `out`.
  func pack(_ range: Range<Int>, into out: UnsafeMutableRawPointer) {
    precondition(range.lowerBound % 16 == 0 && range.upperBound <= rows && !isPacked, "\(range)")
    var matrix = ck
    ck_pack(&matrix, range.lowerBound, range.upperBound, out)
  }

  fileprivate var ck: ck_matrix {
    ck_matrix(
      data: base, scales: scales, scale_cols: scaleColumns, scale_row: scaleRow, rows: rows,
      cols: columns, row_bytes: rowBytes, format: format.ck,
      layout: isPacked ? CK_ROWS_X16 : CK_ROWS)
  }
}
