// Quantised blocks against the gguf Python package, and the error of our own quantisers.
import CKernels
import Foundation
import TestSupport
import Testing

@Suite("quantised formats")
struct QuantTests {
  private static func fixture(_ name: String) throws -> [UInt8] {
    try RepositoryFile.bytes("Tests/Fixtures/quants/\(name)")
  }

  private static func floats(_ name: String) throws -> [Float] {
    let bytes = try fixture(name)
    return bytes.withUnsafeBytes { raw in
      (0..<raw.count / 4).map {
        Float(
          bitPattern: UInt32(
            littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
      }
    }
  }

  @Test(
    "every block format dequantises to the bits of the gguf package",
    arguments: InstructionSet.available, Format.blocks)
  func dequantises(_ isa: InstructionSet, _ format: Format) throws {
    let name = format.testDescription
    let blocks = try Self.fixture("\(name).blocks")
    let values = try Self.floats("\(name).values")
    let out = dequantized(blocks, format, isa.kernels)
    #expect(out.map(\.bitPattern) == values.map(\.bitPattern))
  }

  private func dequantized(_ blocks: [UInt8], _ format: Format, _ k: ck_kernels) -> [Float] {
    let cols = blocks.count / format.blockBytes * format.block
    var out = [Float](repeating: 0, count: cols)
    blocks.withUnsafeBytes {
      var m = ck_matrix()
      m.data = $0.baseAddress
      m.rows = 1
      m.cols = cols
      m.row_bytes = blocks.count
      m.format = format.format
      k.dequantize_row(&m, 0, &out)
    }
    return out
  }

  @Test(
    "the simple quantisers give the bits of the gguf package",
    arguments: ["q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "mxfp4", "bf16", "f16"])
  func quantises(_ name: String) throws {
    let format = try #require(Format.all.first { $0.testDescription == name })
    let x = try Self.floats("input.values")
    let expected = try Self.fixture("\(name).packed")
    var out = [UInt8](repeating: 0, count: expected.count)
    #expect(ck_quantize_row(format.format, x, x.count, &out) == 0)
    #expect(out == expected)
  }

  /// The limits are what these quantisers reached on normal numbers when written, with a margin of a tenth. For
  /// comparison: the best sixteen fixed levels (Lloyd and Max) leave 9.5e-3.
  @Test(
    "the error of each quantiser on normal numbers stays what it was",
    arguments: [
      ("q8_0", 3.2e-5), ("q6_k", 3.3e-4), ("q5_k", 1.35e-3), ("q5_1", 1.6e-3),
      ("q5_0", 2.05e-3), ("q4_k", 5.5e-3), ("q4_1", 6.8e-3), ("iq4_nl", 6e-3),
      ("iq4_xs", 6.1e-3), ("q4_0", 8.2e-3), ("mxfp4", 1.46e-2), ("q3_k", 2.3e-2), ("q2_k", 7.6e-2),
    ])
  func error(_ name: String, _ limit: Double) throws {
    let format = try #require(Format.all.first { $0.testDescription == name })
    var random = Random(77)
    let x = (0..<65536).map { _ in
      let u = Double.random(in: 1e-12...1, using: &random)
      return Float(
        (-2 * log(u)).squareRoot() * cos(Double.random(in: 0..<6.2831853, using: &random)))
    }
    var out = [UInt8](repeating: 0, count: x.count / format.block * format.blockBytes)
    #expect(ck_quantize_row(format.format, x, x.count, &out) == 0)
    let y = dequantized(out, format, InstructionSet.reference)
    let error = zip(x, y).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    let nmse = error / x.reduce(0) { $0 + Double($1) * Double($1) }
    #expect(nmse < limit, "NMSE \(nmse)")
  }

  @Test(
    "a value that is not finite, or may have no scale, cannot be quantised",
    arguments: Format.blocks)
  func unquantisable(_ format: Format) {
    let large: [Float] = format.testDescription == "mxfp4" ? [] : [65536, -3e38]
    for bad in [Float.nan, .infinity, -.infinity] + large {
      var x = [Float](repeating: 1, count: 256)
      x[200] = bad
      var out = [UInt8](repeating: 0, count: 1024)
      #expect(ck_quantize_row(format.format, x, 256, &out) == -2)
    }
  }

  @Test("values too small for any scale become zeros, wherever they lie", arguments: Format.blocks)
  func tiny(_ format: Format) {
    for size in [1e-45, 1e-42, 1e-38, 1e-30] as [Float] {
      let x = (0..<256).map { size * Float($0 % 7 - 3) }
      // One byte further, as rows of a file may lie.
      var out = [UInt8](repeating: 0, count: 1 + 256 / format.block * format.blockBytes)
      let code = out.withUnsafeMutableBytes {
        ck_quantize_row(format.format, x, 256, $0.baseAddress! + 1)
      }
      guard code == 0 else {
        #expect(format.testDescription == "fp8_e4m3")
        continue
      }
      let y = dequantized(Array(out.dropFirst()), format, InstructionSet.reference)
      #expect(y.allSatisfy { abs($0) <= 4 * size }, "\(size): \(y.map(abs).max() ?? 0)")
    }
  }

  @Test("zeros, constants and single outliers quantise without harm", arguments: Format.blocks)
  func degenerate(_ format: Format) {
    let zeros = [Float](repeating: 0, count: 256)
    var outlier = zeros
    outlier[100] = 3
    var tried = 0
    for x in [
      zeros, [Float](repeating: 0.5, count: 256), [Float](repeating: -0.5, count: 256), outlier,
    ] {
      var out = [UInt8](repeating: 0, count: 256 / format.block * format.blockBytes)
      guard ck_quantize_row(format.format, x, 256, &out) == 0 else { continue }
      tried += 1
      let y = dequantized(out, format, InstructionSet.reference)
      let largest = x.map(abs).max() ?? 0
      for (a, b) in zip(x, y) { #expect(abs(a - b) <= 0.26 * largest, "\(a) became \(b)") }
    }
    // The scales of FP8 are not in the row.
    #expect(tried == (format.testDescription == "fp8_e4m3" ? 0 : 4))
  }
}
