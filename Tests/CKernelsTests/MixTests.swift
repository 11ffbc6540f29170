// Mixing of values by attention weights: the reference's bits, whatever the cut.
import CKernels
import Testing

@Suite("mixing values")
struct MixTests {
  struct Case: Sendable {
    let queries: Int
    let keys: Int
    let n: Int
  }

  static let cases = [(1, 1, 1), (3, 5, 16), (4, 130, 64), (9, 300, 128), (5, 7, 77), (2, 0, 8)]
    .map { Case(queries: $0.0, keys: $0.1, n: $0.2) }

  @Test(
    "keys in two calls have the bits of the reference in one",
    arguments: InstructionSet.available, Self.cases)
  func cut(_ isa: InstructionSet, _ c: Case) {
    var random = Random(UInt64(c.n))
    let p = random.floats(c.queries * (c.keys + 1))
    let v = random.floats(c.keys * c.n + 1)
    let start = random.floats(c.queries * c.n)
    for half in [false, true] {
      let values = Values(v, half: half)
      let cut = c.keys / 3
      var out = start
      values.mix(isa.kernels, p, 0..<cut, c, &out)
      values.mix(isa.kernels, p, cut..<c.keys, c, &out)
      var expected = start
      values.mix(InstructionSet.reference, p, 0..<c.keys, c, &expected)
      #expect(out.map(\.bitPattern) == expected.map(\.bitPattern), "half: \(half)")
    }
  }

  @Test("no value past the last row is read", arguments: InstructionSet.available, Self.cases)
  func bounds(_ isa: InstructionSet, _ c: Case) {
    for size in [2, 4] {
      let bytes = [UInt8](repeating: 0, count: c.keys * c.n * size)
      let fenced = bytes.withUnsafeBytes { Fenced($0) }
      let p = [Float](repeating: 1, count: c.queries * c.keys + 1)
      var out = [Float](repeating: 7, count: c.queries * c.n + 1)
      isa.kernels.mix(
        size == 2 ? CK_F16 : CK_F32, p, c.keys, c.queries, fenced.start, c.n * size, c.keys, c.n,
        &out, c.n)
      #expect(out.allSatisfy { $0 == 7 })
    }
  }

  /// Rows of values as floats or halves.
  struct Values {
    let bytes: [UInt8]
    let half: Bool

    init(_ v: [Float], half: Bool) {
      self.half = half
      bytes =
        half
        ? v.map { Float16($0).bitPattern }.withUnsafeBytes(Array.init)
        : v.withUnsafeBytes(Array.init)
    }

    func mix(
      _ k: ck_kernels, _ p: [Float], _ keys: Range<Int>, _ c: Case, _ out: inout [Float]
    ) {
      let stride = c.n * (half ? 2 : 4)
      p.withUnsafeBufferPointer { p in
        bytes.withUnsafeBytes { v in
          k.mix(
            half ? CK_F16 : CK_F32, p.baseAddress! + keys.lowerBound, c.keys + 1, c.queries,
            v.baseAddress! + keys.lowerBound * stride, stride, keys.count, c.n, &out, c.n)
        }
      }
    }
  }
}
