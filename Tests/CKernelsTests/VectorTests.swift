// Vector operations: every instruction set against float64 or the reference's bits, at every size and offset.
import CKernels
import Foundation
import Testing

@Suite("vector operations")
struct VectorTests {
  static let sizes = 0...257

  @Test("dot products stay within the bound of their length", arguments: InstructionSet.available)
  func dots(_ isa: InstructionSet) {
    let k = isa.kernels
    for n in Self.sizes {
      var random = Random(UInt64(n))
      let a = random.floats(n + 3)
      let b = random.floats(n + 3)
      let h = b.map { Float16($0).bitPattern }
      for offset in [0, 1, 3] {
        a.withUnsafeBufferPointer { a in
          b.withUnsafeBufferPointer { b in
            h.withUnsafeBufferPointer { h in
              let pairs = (0..<n).map { (Double(a[offset + $0]), Double(b[offset + $0])) }
              let halves = (0..<n).map {
                (Double(a[offset + $0]), Double(Float16(bitPattern: h[offset + $0])))
              }
              let pa = a.baseAddress! + offset
              check(k.dot(pa, b.baseAddress! + offset, n), pairs, "dot \(n)")
              check(k.dot_f16(pa, h.baseAddress! + offset, n), halves, "dot_f16 \(n)")
              check(k.sum_of_squares(pa, n), pairs.map { ($0.0, $0.0) }, "sum_of_squares \(n)")
            }
          }
        }
      }
    }
  }

  /// Higham, Accuracy and Stability of Numerical Algorithms, 3.5: n u sum |a b|, in any order.
  private func check(_ got: Float, _ pairs: [(Double, Double)], _ what: String) {
    let exact = pairs.reduce(0) { $0 + $1.0 * $1.1 }
    let size = pairs.reduce(0) { $0 + abs($1.0 * $1.1) }
    let bound = Double(pairs.count + 1) * 0x1p-24 * size
    #expect(abs(Double(got) - exact) <= bound, "\(what)")
  }

  @Test(
    "reading combines every word once, whatever number its bits are",
    arguments: InstructionSet.available)
  func reading(_ isa: InstructionSet) {
    for n in Self.sizes {
      var random = Random(UInt64(n))
      let words = random.floats(n + 3).map { $0.bitPattern &* 0x9E37_79B9 }
      words.withUnsafeBufferPointer { words in
        for offset in [0, 1, 3] {
          let read = isa.kernels.read_words(words.baseAddress! + offset, n)
          #expect(read == words[offset..<offset + n].reduce(0, ^), "\(n)")
        }
      }
    }
  }

  @Test(
    "axpy, scaling and half precision have the bits of the reference",
    arguments: InstructionSet.available)
  func exactOperations(_ isa: InstructionSet) {
    let k = isa.kernels
    let reference = InstructionSet.reference
    for n in Self.sizes {
      var random = Random(UInt64(n))
      let x = random.floats(n, scale: 70000)
      let h = x.map { Float16($0 / 1000).bitPattern }
      let y = random.floats(n)
      #expect(
        bits(y) { k.axpy(1.7, x, $0, n) } == bits(y) { reference.axpy(1.7, x, $0, n) })
      #expect(
        bits(y) { k.axpy_f16(1.7, h, $0, n) } == bits(y) { reference.axpy_f16(1.7, h, $0, n) })
      #expect(bits(x) { k.scale(0.3, $0, n) } == bits(x) { reference.scale(0.3, $0, n) })
      var half = [UInt16](repeating: 1, count: n)
      k.to_f16(x, &half, n)
      #expect(half == x.map { Float16($0).bitPattern })
    }
  }

  private func bits(_ x: [Float], _ body: (UnsafeMutablePointer<Float>) -> Void) -> [UInt32] {
    var out = x + [42]
    body(&out)
    #expect(out.last == 42)
    return out.map(\.bitPattern)
  }

  @Test(
    "half precision rounds every float exponent as Swift does", arguments: InstructionSet.available)
  func halfPrecision(_ isa: InstructionSet) {
    var x = [
      Float.nan, .infinity, -.infinity, 0, -0.0, 65504, 65519.996, 65520, 0x1p-25, 0x1.8p-25,
    ]
    var random = Random(1)
    for exponent in UInt32(0)...255 {
      for _ in 0..<16 {
        x.append(
          Float(
            bitPattern: UInt32(truncatingIfNeeded: random.next()) & 0x807F_FFFF | exponent << 23))
      }
    }
    var out = [UInt16](repeating: 0, count: x.count)
    isa.kernels.to_f16(x, &out, x.count)
    for (value, got) in zip(x, out) {
      let expected = Float16(value)
      if expected.isNaN {
        #expect(Float16(bitPattern: got).isNaN)
      } else {
        #expect(got == expected.bitPattern, "\(value)")
      }
    }
  }

  @Test("the maximum is exact, and NaN wherever a NaN stands", arguments: InstructionSet.available)
  func maximum(_ isa: InstructionSet) {
    for n in Self.sizes {
      var random = Random(UInt64(n))
      var x = random.floats(n)
      #expect(isa.kernels.max(x, n) == x.max() ?? -.infinity)
      guard n > 0 else { continue }
      x[Int(random.next() % UInt64(n))] = .nan
      #expect(isa.kernels.max(x, n).isNaN, "\(n)")
    }
  }

  @Test(
    "exponentials are within 2 ulp, and right at infinities, NaN and beyond the range",
    arguments: InstructionSet.available)
  func exponentials(_ isa: InstructionSet) {
    var random = Random(3)
    let inputs = (0..<4001).map { _ in Float.random(in: -104...80, using: &random) }
    var x = inputs
    let sum = isa.kernels.exp_minus(&x, 0, x.count)
    for (value, got) in zip(inputs, x) {
      let exact = exp(Double(value))
      #expect(abs(Double(got) - exact) <= 2 * ulp(exact), "exp(\(value))")
    }
    let total = inputs.reduce(0) { $0 + exp(Double($1)) }
    #expect(abs(Double(sum) - total) <= 1e-5 * total)

    var edges: [Float] = [-.infinity, .infinity, .nan, 0, -0.0, 89, 1000, -110, -1000, -1e30, 1e30]
    _ = isa.kernels.exp_minus(&edges, 0, edges.count)
    #expect(edges[2].isNaN)
    edges.remove(at: 2)
    #expect(edges == [0, .infinity, 1, 1, .infinity, .infinity, 0, 0, 0, .infinity])
  }

  private func ulp(_ x: Double) -> Double { Double(Float(x).ulp) }

  @Test(
    "exp_minus, silu and sigmoid are those of float64 to a few roundings, at every size",
    arguments: InstructionSet.available)
  func activations(_ isa: InstructionSet) {
    let k = isa.kernels
    for n in Self.sizes {
      var random = Random(UInt64(n))
      let x = random.floats(n, scale: 20)
      let up = random.floats(n)
      func sigmoid(_ v: Float) -> Double { 1 / (1 + exp(-Double(v))) }
      expectClose(x, { _ = k.exp_minus($0, 20, n) }, x.map { exp(Double($0) - 20) }, "exp_minus")
      expectClose(x, { k.sigmoid($0, n) }, x.map(sigmoid), "sigmoid")
      expectClose(x, { k.silu($0, n) }, x.map { Double($0) * sigmoid($0) }, "silu")
      let products = zip(x, up).map { Double($0) * sigmoid($0) * Double($1) }
      expectClose(x, { k.silu_multiply(x, up, $0, n) }, products, "silu_multiply")
    }
  }

  /// Within five roundings (subtraction, exponential of two, addition, division, product), and 20 ulp of the
  /// argument where `exp_minus` subtracts 20.
  private func expectClose(
    _ x: [Float], _ body: (UnsafeMutablePointer<Float>) -> Void, _ exact: [Double], _ what: String
  ) {
    var out = x + [42]
    body(&out)
    #expect(out.last == 42)
    for (got, value) in zip(out, exact) {
      let limit = what == "exp_minus" ? 5e-6 : 8 * 0x1p-24
      #expect(abs(Double(got) - value) <= limit * abs(value) + 1e-44, "\(what), n = \(x.count)")
    }
  }

  @Test(
    "RMS norm agrees with float64, with and without weights", arguments: InstructionSet.available)
  func rmsNorm(_ isa: InstructionSet) {
    for n in 1...257 {
      var random = Random(UInt64(n))
      let x = random.floats(n)
      let weight = random.floats(n)
      let mean = x.reduce(0) { $0 + Double($1) * Double($1) } / Double(n)
      let factor = 1 / (mean + 1e-6).squareRoot()
      var out = [Float](repeating: 0, count: n)
      isa.kernels.rms_norm(x, weight, 1, 1e-6, &out, n)
      for i in 0..<n {
        let exact = Double(x[i]) * factor * (Double(weight[i]) + 1)
        #expect(abs(Double(out[i]) - exact) <= 2e-6 * abs(exact) + 1e-7, "\(n)")
      }
      isa.kernels.rms_norm(x, nil, 0, 1e-6, &out, n)
      for i in 0..<n { #expect(abs(Double(out[i]) - Double(x[i]) * factor) <= 2e-6) }
    }
  }

  @Test("8-bit activations have the bits of the reference", arguments: InstructionSet.available)
  func quantisation(_ isa: InstructionSet) {
    for n in Self.sizes {
      var random = Random(UInt64(n))
      for scale in [1, 1e-36, 1e30, 0] as [Float] {
        var x = random.floats(n, scale: scale)
        if n > 40, scale == 1 { x[33] = .nan }
        let got = quantized(x, with: isa.kernels)
        let expected = quantized(x, with: InstructionSet.reference)
        #expect(got.withUnsafeBytes(Array.init) == expected.withUnsafeBytes(Array.init), "\(n)")
      }
    }
  }
}
