// AMX products, emulated: many tokens, however they are cut; and the check that lets a table be used.
import CEmulatedAMX
import CKernels
import Testing

@Suite("AMX")
struct AMXTests {
  /// Rows of a matrix of 150 with `tokens` tokens, in whatever order `index` names them.
  struct Case: Sendable {
    let rows: Range<Int>
    let tokens: Int
    let isIndexed: Bool
  }

  static let cases = [
    (0..<150, 16, false), (0..<150, 29, true), (64..<80, 127, false), (48..<150, 128, true),
    (16..<17, 139, true), (0..<66, 140, false), (0..<0, 16, false),
  ].map { Case(rows: $0.0, tokens: $0.1, isIndexed: $0.2) }

  @Test(
    "many tokens have the bits of the reference by tiles, which are released",
    arguments: InstructionSet.emulated, Format.blocks)
  func manyTokens(_ isa: InstructionSet, _ format: Format) throws {
    let cols = format.block == 256 ? 512 : 288
    let w = Weights(format, rows: 150, cols: cols, seed: 21)
    let packed = Packed(w)
    let f = try #require(table(isa.kernels.multiply)[Int(format.format.rawValue)])
    let t = try #require(
      table(InstructionSet.reference.multiply)[Int(format.format.rawValue)])
    for c in Self.cases {
      var random = Random(UInt64(c.tokens))
      let x = ProductTests.Activations(
        random.floats(c.tokens * cols), tokens: c.tokens, asQ8: true)
      let index = c.isIndexed ? (0..<c.tokens).map { Int32($0 * 7 % c.tokens) } : nil
      let expected = ProductTests.run(
        t, w.matrix, rows: c.rows, x, index: index, tokens: c.tokens)
      let before = emulated_amx_products()
      let plain = ProductTests.run(f, w.matrix, rows: c.rows, x, index: index, tokens: c.tokens)
      let fromPacked = packed.withMatrix {
        ProductTests.run(f, $0.pointee, rows: c.rows, x, index: index, tokens: c.tokens)
      }
      #expect(ProductTests.bits(plain) == ProductTests.bits(expected), "\(c)")
      #expect(ProductTests.bits(fromPacked) == ProductTests.bits(expected), "packed, \(c)")
      #expect(emulated_amx_products() > before || c.rows.isEmpty)
      #expect(emulated_amx_released() != 0)
    }
  }

  @Test(
    "nothing past the end is read or written", arguments: InstructionSet.emulated, Format.blocks)
  func bounds(_ isa: InstructionSet, _ format: Format) throws {
    let f = try #require(table(isa.kernels.multiply)[Int(format.format.rawValue)])
    let w = Weights(format, rows: 19, cols: format.block, seed: 4)
    var random = Random(7)
    let x = ProductTests.Activations(random.floats(21 * format.block), tokens: 21, asQ8: true)
    let weights = Fenced(UnsafeRawBufferPointer(start: w.data, count: 19 * w.matrix.row_bytes))
    let input = x.bytes.withUnsafeBytes { Fenced($0) }
    var matrix = w.matrix
    matrix.data = UnsafeRawPointer(weights.start)
    var y = [Float](repeating: 42, count: 19 * 21 + 1)
    f(&matrix, 0, 19, input.start, x.stride, nil, 21, &y, 19)
    #expect(y[19 * 21] == 42)
  }

  @Test(
    "a table is used where its products have the reference's bits",
    arguments: InstructionSet.available)
  func agrees(_ isa: InstructionSet) {
    var kernels = isa.kernels
    #expect(ck_agrees_with_reference(&kernels) != 0)
  }

  @Test("a table whose products are wrong is found out", arguments: InstructionSet.emulated)
  func disagrees(_ isa: InstructionSet) {
    var kernels = isa.kernels
    emulated_amx_break(1)
    defer { emulated_amx_break(0) }
    #expect(ck_agrees_with_reference(&kernels) == 0)
  }

  @Test("an instruction set is available or refused, not both")
  func refusal() {
    for isa in (0..<CK_ISAS.rawValue).map({ ck_isa(rawValue: $0) }) {
      #expect(ck_isa_available(isa) == 0 || ck_isa_refusal(isa) == nil)
    }
  }
}
