// Four-bit and E8M0-scaled storage. No golden exists for these layouts: the tests pack numbers themselves.

import Foundation
import Inference
import Testing

@Suite("Packed weights")
struct PackedWeightsTests {
  static let rows = 3
  static let columns = 64

  /// A checkpoint of one weight in Kimi's integers; the scales' bfloat16 bits are given.
  private func integers(
    _ folder: borrowing TensorFolder, codes: [UInt8], scales: [UInt16], shape: [Int32] = [3, 64]
  ) throws -> CheckpointWeights {
    var words = [UInt32](repeating: 0, count: codes.count / 8)
    for (index, code) in codes.enumerated() {
      words[index / 8] |= UInt32(code) << UInt32(4 * (index % 8))
    }
    return try folder.weights([
      TensorFolder.Tensor("a.weight_packed", "I32", [Self.rows, Self.columns / 8], words),
      TensorFolder.Tensor("a.weight_scale", "BF16", [Self.rows, Self.columns / 32], scales),
      TensorFolder.Tensor("a.weight_shape", "I32", [2], shape),
    ])
  }

  private func load(_ weights: CheckpointWeights) throws -> (WeightMatrix, [Float]) {
    let matrix = try weights.matrix(
      Parameter(
        matrix: "a.weight", rows: Self.rows, columns: Self.columns, role: .routedExpert))
    var values = [Float](repeating: 0, count: Self.rows * Self.columns)
    let kernels = try Kernels()
    values.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      for row in 0..<Self.rows {
        kernels.dequantizeRow(row, of: matrix, into: base + row * Self.columns)
      }
    }
    return (matrix, values)
  }

  private static let codes: [UInt8] = (0..<rows * columns).map { index in
    UInt8((index * 7 + index / 16) % 16)
  }

  private func bfloat(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  @Test(
    "integers dequantise to (code - 8) * scale, exactly, whatever the scales' exponents",
    arguments: [0, -60, 60] as [Int])
  func integersAreExact(shift: Int) throws {
    let folder = try TensorFolder()
    // From full precision to few bits, over eleven powers of two, and zero.
    let plain: [UInt16] = [0x3B81, 0xBCFF, 0x3F80, 0x3A00, 0, 0x3E01]
    let scales: [UInt16] = plain.map { bits in
      bits == 0 ? 0 : UInt16(Int(bits) + (shift << 7))
    }
    let (matrix, values) = try load(integers(folder, codes: Self.codes, scales: scales))
    #expect(matrix.format == .q4_0)
    for (index, value) in values.enumerated() {
      #expect(value == (Float(Self.codes[index]) - 8) * bfloat(scales[index / 32]))
    }
  }

  @Test("a product with shifted scales is the product with the scales themselves, shifted")
  func productsAreShifted() throws {
    let folder = try TensorFolder()
    var input = (0..<Self.columns).map { Float($0 % 5) - 2 }
    var results: [[Float]] = []
    let shifted: UInt16 = 0x3C20 - 70 << 7
    for bits in [0x3C20, shifted] {
      let scales = [UInt16](repeating: bits, count: 6)
      let weights = try integers(folder, codes: Self.codes, scales: scales)
      let (matrix, _) = try load(weights)
      var out = [Float](repeating: 0, count: Self.rows)
      let kernels = try Kernels()
      // The matrix is a view of memory that the weights own.
      withExtendedLifetime(weights) {
        input.withUnsafeMutableBufferPointer { x in
          guard let base = x.baseAddress else { return }
          let row = Matrix(base, rows: 1, columns: Self.columns)
          kernels.multiply(
            matrix, rows: 0..<Self.rows, Activations(values: row, blocks: nil, blockStride: 0),
            tokens: 1, into: &out, stride: Self.rows)
        }
      }
      results.append(out)
    }
    let ratio = bfloat(shifted) / bfloat(0x3C20)
    #expect(results[1] == results[0].map { $0 * ratio })
    #expect(results[0].contains { $0 != 0 })
  }

  @Test("scales too far apart for half precision, infinite ones and another shape are refused")
  func refusals() throws {
    let folder = try TensorFolder()
    for scales in [[0x0481, 0x7E81], [0x7F80, 0x3F80]] as [[UInt16]] {
      #expect {
        try load(
          integers(folder, codes: Self.codes, scales: scales + [0x3F80, 0x3F80, 0x3F80, 0x3F80]))
      } throws: {
        "\($0)".contains("a.weight_scale")
      }
    }
    let ones = [UInt16](repeating: 0x3F80, count: 6)
    #expect {
      try load(integers(folder, codes: Self.codes, scales: ones, shape: [64, 3]))
    } throws: {
      "\($0)".contains("a.weight_shape")
    }
  }

  @Test("four-bit floats dequantise to value * 2^(scale - 127), low nibble first")
  func floatsAreExact() throws {
    let table: [Float] = [0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6]
    let exponents: [UInt8] = [127, 120, 130, 1, 250, 126]
    let folder = try TensorFolder()
    var bytes = [UInt8](repeating: 0, count: Self.codes.count / 2)
    for (index, code) in Self.codes.enumerated() {
      bytes[index / 2] |= code << UInt8(index % 2 * 4)
    }
    let weights = try folder.weights([
      TensorFolder.Tensor("a.weight", "I8", [Self.rows, Self.columns / 2], bytes),
      TensorFolder.Tensor("a.scale", "F8_E8M0", [Self.rows, Self.columns / 32], exponents),
    ])
    let (matrix, values) = try load(weights)
    #expect(matrix.format == .mxfp4)
    for (index, value) in values.enumerated() {
      let scale = Float(bitPattern: UInt32(exponents[index / 32]) << 23)
      #expect(value == table[Int(Self.codes[index])] * scale)
    }
  }

  @Test("FP8 takes powers of two as block scales, and refuses one that is not a number")
  func exponentScales() throws {
    let folder = try TensorFolder()
    // 1.0 is 0x38, -1.5 is 0xBC.
    let bytes = (0..<Self.rows * Self.columns).map { UInt8($0 % 2 == 0 ? 0x38 : 0xBC) }
    for exponent in [124, 255] as [UInt8] {
      let weights = try folder.weights([
        TensorFolder.Tensor("a.weight", "F8_E4M3", [Self.rows, Self.columns], bytes),
        TensorFolder.Tensor("a.scale", "F8_E8M0", [1, 1], [exponent]),
      ])
      if exponent == 255 {
        #expect(throws: EngineError.nonFinite(place: "tensor \"a.scale\"")) {
          try load(weights)
        }
      } else {
        #expect(try load(weights).1.prefix(2) == [0.125, -0.1875])
      }
    }
  }
}
