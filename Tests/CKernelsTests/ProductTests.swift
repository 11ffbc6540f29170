// Matrix products: every instruction set gives the reference's bits, however the work is cut.
import CKernels
import Testing

@Suite("products")
struct ProductTests {
  /// Activations of one kind, with the tokens `stride` bytes apart.
  struct Activations {
    let bytes: [UInt8]
    let stride: Int

    init(_ x: [Float], tokens: Int, asQ8: Bool) {
      let cols = tokens == 0 ? 0 : x.count / tokens
      if asQ8 {
        let blocks = (0..<tokens).flatMap {
          quantized(Array(x[$0 * cols..<($0 + 1) * cols]), with: InstructionSet.reference)
        }
        bytes = blocks.withUnsafeBytes(Array.init)
        stride = (cols + 31) / 32 * MemoryLayout<ck_block_q8>.stride
      } else {
        bytes = x.withUnsafeBytes(Array.init)
        stride = cols * 4
      }
    }
  }

  static func run(
    _ multiply: ck_multiply_fn, _ w: ck_matrix, rows: Range<Int>, _ x: Activations,
    index: [Int32]? = nil, tokens: Int
  ) -> [Float] {
    var w = w
    var y = [Float](repeating: .nan, count: tokens * rows.count)
    multiply(&w, rows.lowerBound, rows.upperBound, x.bytes, x.stride, index, tokens, &y, rows.count)
    return y
  }

  static func bits(_ y: [Float]) -> [UInt32] { y.map { $0 == 0 ? 0 : $0.bitPattern } }

  @Test(
    "every table gives the bits of the reference, for every format, shape and number of tokens",
    arguments: InstructionSet.available, Format.all)
  func agrees(_ isa: InstructionSet, _ format: Format) throws {
    let k = isa.kernels
    for (multiply, truth, q8) in [
      (table(k.multiply), table(InstructionSet.reference.multiply), format.takesQ8),
      (table(k.multiply_f32), table(InstructionSet.reference.multiply_f32), false),
    ] {
      let f = try #require(multiply[Int(format.format.rawValue)])
      let t = try #require(truth[Int(format.format.rawValue)])
      for (rows, cols) in shapes(format) {
        let w = Weights(format, rows: rows, cols: cols, seed: UInt64(rows * 1000 + cols))
        for tokens in [1, 2, 3, 5, 6, 7, 8, 9, 17, 34] {
          var random = Random(UInt64(tokens))
          let x = Activations(random.floats(tokens * cols), tokens: tokens, asQ8: q8)
          let y = Self.run(f, w.matrix, rows: 0..<rows, x, tokens: tokens)
          let expected = Self.run(t, w.matrix, rows: 0..<rows, x, tokens: tokens)
          #expect(
            Self.bits(y) == Self.bits(expected), "\(rows) x \(cols), \(tokens) tokens, q8 \(q8)")
        }
      }
    }
  }

  @Test(
    "rows wider than a cache and more tokens than a block holds have the reference's bits",
    arguments: InstructionSet.available, Format.all.filter { !$0.takesQ8 })
  func agreesWide(_ isa: InstructionSet, _ format: Format) throws {
    let (rows, cols, tokens) = (9, 4133, 50)
    let w = Weights(format, rows: rows, cols: cols, seed: 5)
    var random = Random(11)
    let x = Activations(random.floats(tokens * cols), tokens: tokens, asQ8: false)
    let place = Int(format.format.rawValue)
    let f = try #require(table(isa.kernels.multiply)[place])
    let t = try #require(table(InstructionSet.reference.multiply)[place])
    let y = Self.run(f, w.matrix, rows: 0..<rows, x, tokens: tokens)
    #expect(Self.bits(y) == Self.bits(Self.run(t, w.matrix, rows: 0..<rows, x, tokens: tokens)))
  }

  @Test("peaks count what they do", arguments: InstructionSet.available.filter { !$0.isEmulated })
  func peaks(_ isa: InstructionSet) throws {
    for peak in [isa.kernels.peak_f32, isa.kernels.peak_int8] {
      let peak = try #require(peak)
      // Two operations for each lane of each chain, so a multiple of two; none for no steps.
      #expect(peak(0) == 0)
      #expect(peak(3) == 3 * peak(1))
      #expect(peak(1) >= 16 && peak(1).truncatingRemainder(dividingBy: 2) == 0)
    }
  }

  @Test(
    "a row's product does not depend on the rows and tokens computed beside it",
    arguments: InstructionSet.available, Format.all)
  func cut(_ isa: InstructionSet, _ format: Format) throws {
    let f = try #require(table(isa.kernels.multiply)[Int(format.format.rawValue)])
    let rows = 37
    let cols = max(format.block, 64) * 2
    let tokens = 11
    var random = Random(5)
    let w = Weights(format, rows: rows, cols: cols, seed: 9)
    let x = Activations(random.floats(tokens * cols), tokens: tokens, asQ8: format.takesQ8)
    let whole = Self.run(f, w.matrix, rows: 0..<rows, x, tokens: tokens)
    let index: [Int32] = [10, 3, 3, 0, 7]
    for (low, high) in [(0, 1), (3, 20), (16, 37), (36, 37), (5, 5), (0, 37)] {
      let part = Self.run(
        f, w.matrix, rows: low..<high, x, index: index, tokens: index.count)
      for (t, token) in index.enumerated() {
        let expected = whole[Int(token) * rows + low..<Int(token) * rows + high]
        let got = part[t * (high - low)..<(t + 1) * (high - low)]
        #expect(Self.bits(Array(got)) == Self.bits(Array(expected)), "rows \(low)..<\(high)")
      }
    }
  }

  @Test(
    "the product agrees with a float64 product over the dequantised weights",
    arguments: InstructionSet.available, Format.all)
  func accuracy(_ isa: InstructionSet, _ format: Format) throws {
    let k = isa.kernels
    let index = Int(format.format.rawValue)
    let rows = 64
    let cols = 1024
    var random = Random(11)
    let w = Weights(format, rows: rows, cols: cols, seed: 3)
    let input = random.floats(cols)
    var truth = [Double](repeating: 0, count: rows)
    var row = [Float](repeating: 0, count: cols)
    for r in 0..<rows {
      k.dequantize_row(&w.matrix, r, &row)
      truth[r] = zip(row, input).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    for (multiply, q8, limit) in [
      (table(k.multiply), format.takesQ8, format.takesQ8 ? 2e-4 : 1e-6),
      (table(k.multiply_f32), false, 1e-6),
    ] {
      let f = try #require(multiply[index])
      let y = Self.run(
        f, w.matrix, rows: 0..<rows, Activations(input, tokens: 1, asQ8: q8), tokens: 1)
      let error = zip(y, truth).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
      let nmse = error / truth.reduce(0) { $0 + $1 * $1 }
      #expect(nmse < limit, "q8 \(q8)")
    }
  }

  @Test(
    "a NaN or infinite activation makes every product of its token NaN or infinite",
    arguments: InstructionSet.available, Format.all)
  func nonFinite(_ isa: InstructionSet, _ format: Format) throws {
    let index = Int(format.format.rawValue)
    let cols = format.block == 1 ? 77 : format.block * 2
    let w = Weights(format, rows: 19, cols: cols, seed: 1)
    for bad in [Float.nan, .infinity, -.infinity] {
      for (multiply, q8) in [
        (table(isa.kernels.multiply), format.takesQ8), (table(isa.kernels.multiply_f32), false),
      ] {
        let f = try #require(multiply[index])
        var random = Random(2)
        var x = random.floats(3 * cols)
        x[cols + cols / 2] = bad
        let q = Activations(x, tokens: 3, asQ8: q8)
        let y = Self.run(f, w.matrix, rows: 0..<19, q, tokens: 3)
        #expect(y[0..<19].allSatisfy { $0.isFinite } && y[38..<57].allSatisfy { $0.isFinite })
        #expect(y[19..<38].allSatisfy { !$0.isFinite }, "\(bad), q8 \(q8)")
      }
    }
  }

  @Test(
    "FP8 codes of NaN make their rows NaN, and scales beyond 256 give the reference's bits",
    arguments: InstructionSet.available)
  func extremeE4M3(_ isa: InstructionSet) throws {
    let format = try #require(Format.all.first { $0.format == CK_FP8_E4M3 })
    let (rows, cols) = (7, 300)
    let w = Weights(format, rows: rows, cols: cols, seed: 21)
    let codes: [(row: Int, col: Int, code: UInt8)] = [(2, 70, 0x7F), (5, 290, 0xFF)]
    for (row, col, code) in codes {
      w.data.storeBytes(of: code, toByteOffset: row * cols + col, as: UInt8.self)
    }
    w.scales[1] = 3e5
    let f = try #require(table(isa.kernels.multiply)[Int(CK_FP8_E4M3.rawValue)])
    let t = try #require(
      table(InstructionSet.reference.multiply)[Int(CK_FP8_E4M3.rawValue)])
    for tokens in [1, 2, 3, 8] {
      var random = Random(UInt64(tokens))
      let x = Activations(random.floats(tokens * cols), tokens: tokens, asQ8: false)
      let y = Self.run(f, w.matrix, rows: 0..<rows, x, tokens: tokens)
      let expected = Self.run(t, w.matrix, rows: 0..<rows, x, tokens: tokens)
      for (i, value) in y.enumerated() {
        let isNaN = codes.contains { $0.row == i % rows }
        #expect(value.isNaN == isNaN, "row \(i % rows), \(tokens) tokens")
        #expect(isNaN || Self.bits([value]) == Self.bits([expected[i]]), "row \(i % rows)")
      }
    }
  }

  private func shapes(_ format: Format) -> [(Int, Int)] {
    if format.block == 1 { return [(1, 1), (5, 17), (16, 64), (13, 130), (33, 257), (8, 300)] }
    return [(1, 1), (15, 2), (16, 1), (17, 3), (35, 9)].map { ($0.0, $0.1 * format.block) }
  }
}

/// A table of products as an array.
func table<T>(_ tuple: T) -> [ck_multiply_fn?] {
  withUnsafeBytes(of: tuple) { Array($0.bindMemory(to: ck_multiply_fn?.self)) }
}
