// The packed layout, and what no kernel may do: read past the end.
import CKernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("layout and bounds")
struct LayoutTests {
  @Test(
    "a packed matrix has the bytes of the file's rows and gives the same rows back",
    arguments: Format.blocks)
  func packing(_ format: Format) {
    for rows in [1, 15, 16, 17, 40] {
      let cols = format.block * 3
      let w = Weights(format, rows: rows, cols: cols, seed: 1)
      let packed = Packed(w)
      #expect(packed.bytes.count == rows * w.matrix.row_bytes)
      var a = [Float](repeating: 0, count: cols)
      var b = a
      for r in 0..<rows {
        InstructionSet.reference.dequantize_row(&w.matrix, r, &a)
        packed.withMatrix { InstructionSet.reference.dequantize_row($0, r, &b) }
        #expect(a == b, "row \(r) of \(rows)")
      }
    }
  }

  @Test(
    "products of a packed matrix have the bits of the file-order ones",
    arguments: InstructionSet.available, Format.blocks)
  func packedProducts(_ isa: InstructionSet, _ format: Format) throws {
    let index = Int(format.format.rawValue)
    for (rows, blocks) in [(16, 1), (33, 3), (64, 9)] {
      let cols = blocks * format.block
      let w = Weights(format, rows: rows, cols: cols, seed: 4)
      let packed = Packed(w)
      for (multiply, q8) in [
        (table(isa.kernels.multiply), true), (table(isa.kernels.multiply_f32), false),
      ] {
        let f = try #require(multiply[index])
        for tokens in Array(1...9) + (blocks == 3 ? [10, 13, 17, 33, 130] : [16]) {
          var random = Random(UInt64(tokens))
          let x = ProductTests.Activations(
            random.floats(tokens * cols), tokens: tokens, asQ8: q8)
          let plain = ProductTests.run(f, w.matrix, rows: 0..<rows, x, tokens: tokens)
          let y = packed.withMatrix {
            ProductTests.run(f, $0.pointee, rows: 0..<rows, x, tokens: tokens)
          }
          #expect(
            ProductTests.bits(y) == ProductTests.bits(plain), "\(rows) rows, \(tokens) tokens")
        }
      }
    }
  }

  @Test(
    "no product reads past its weights or its activations", arguments: InstructionSet.available,
    Format.all)
  func bounds(_ isa: InstructionSet, _ format: Format) throws {
    let index = Int(format.format.rawValue)
    for (rows, blocks) in [(1, 1), (16, 1), (19, 3)] {
      let cols = format.block == 1 ? 13 * blocks : format.block * blocks
      let w = Weights(format, rows: rows, cols: cols, seed: 4)
      for q8 in format.takesQ8 ? [true, false] : [false] {
        let f = try #require(table(q8 ? isa.kernels.multiply : isa.kernels.multiply_f32)[index])
        for tokens in [1, 3, 8] {
          var random = Random(7)
          let x = ProductTests.Activations(random.floats(tokens * cols), tokens: tokens, asQ8: q8)
          let weights = Fenced(
            UnsafeRawBufferPointer(start: w.data, count: rows * w.matrix.row_bytes))
          let input = x.bytes.withUnsafeBytes { Fenced($0) }
          var m = w.matrix
          m.data = UnsafeRawPointer(weights.start)
          var y = [Float](repeating: 0, count: rows * tokens + 1)
          y[rows * tokens] = 42
          f(&m, 0, rows, input.start, x.stride, nil, tokens, &y, rows)
          #expect(y[rows * tokens] == 42)
        }
      }
    }
  }

  @Test("no vector operation reads or writes past its end", arguments: InstructionSet.available)
  func vectorBounds(_ isa: InstructionSet) {
    let k = isa.kernels
    for n in 0...70 {
      let bytes = [UInt8](repeating: 0, count: 4 * n)
      let a = bytes.withUnsafeBytes { Fenced($0) }
      let b = bytes.withUnsafeBytes { Fenced($0) }
      let h = bytes[0..<2 * n].withUnsafeBytes { Fenced($0) }
      let x = a.start.assumingMemoryBound(to: Float.self)
      let y = b.start.assumingMemoryBound(to: Float.self)
      let half = h.start.assumingMemoryBound(to: UInt16.self)
      #expect(k.dot(x, y, n) == 0)
      #expect(k.dot_f16(x, half, n) == 0)
      #expect(k.sum_of_squares(x, n) == 0)
      #expect(k.read_words(a.start.assumingMemoryBound(to: UInt32.self), n) == 0)
      k.axpy(1, x, y, n)
      k.axpy_f16(1, half, y, n)
      k.to_f16(x, half, n)
      k.scale(2, x, n)
      if n > 0 { k.rms_norm(x, y, 0, 1, x, n) }
      #expect(k.max(x, n) == (n == 0 ? -.infinity : 0))
      #expect(k.exp_minus(x, 0, n) == Float(n))
      k.silu_multiply(x, y, y, n)
      k.silu(x, n)
      k.sigmoid(x, n)
      #expect(quantizedCount(k, x, n) == (n + 31) / 32)
    }
  }

  private func quantizedCount(_ k: ck_kernels, _ x: UnsafePointer<Float>, _ n: Int) -> Int {
    let blocks = (n + 31) / 32
    let bytes = [UInt8](repeating: 0, count: blocks * MemoryLayout<ck_block_q8>.stride)
    let out = bytes.withUnsafeBytes { Fenced($0) }
    k.quantize_q8(x, n, out.start.assumingMemoryBound(to: ck_block_q8.self))
    return blocks
  }
}

/// A packed copy of a matrix.
struct Packed {
  var bytes: [UInt8]
  let matrix: ck_matrix

  init(_ w: Weights) {
    let m = w.matrix
    bytes = [UInt8](repeating: 0, count: ck_packed_bytes(m.format, m.rows, m.cols))
    let split = m.rows / 2 / 16 * 16  // in two parts, as threads do
    bytes.withUnsafeMutableBytes {
      ck_pack(&w.matrix, 0, split, $0.baseAddress)
      ck_pack(&w.matrix, split, m.rows, $0.baseAddress! + split * m.row_bytes)
    }
    matrix = m
  }

  func withMatrix<R>(_ body: (UnsafePointer<ck_matrix>) -> R) -> R {
    bytes.withUnsafeBytes {
      var m = matrix
      m.data = $0.baseAddress
      m.layout = CK_ROWS_X16
      return body(&m)
    }
  }
}

/// A copy of some bytes that ends where a page without access begins.
final class Fenced {
  let base: UnsafeMutableRawPointer
  let start: UnsafeMutableRawPointer
  let length: Int

  init(_ bytes: UnsafeRawBufferPointer) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    length = (bytes.count + page - 1) / page * page + page
    base = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    mprotect(base + length - page, page, PROT_NONE)
    start = base + length - page - bytes.count
    if let source = bytes.baseAddress { start.copyMemory(from: source, byteCount: bytes.count) }
  }

  deinit { munmap(base, length) }
}
