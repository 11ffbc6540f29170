// Shared by the kernel tests: instruction sets, seeded random numbers, matrices, activations.
import CEmulatedAMX
import CKernels
import Testing

/// An instruction set this machine can run, or run emulated.
struct InstructionSet: CustomTestStringConvertible, Sendable {
  let isa: ck_isa
  var isEmulated = false

  var kernels: ck_kernels {
    isEmulated ? emulated_amx_table() : ck_kernels_for(isa)!.pointee
  }
  var testDescription: String { String(cString: kernels.name) }

  static let available =
    (0..<CK_ISAS.rawValue).map { ck_isa(rawValue: $0) }
    .filter { ck_isa_available($0) != 0 }.map { InstructionSet(isa: $0) } + emulated
  /// Names of all there are, here or elsewhere.
  static let names = (0..<CK_ISAS.rawValue).map {
    String(cString: ck_isa_name(ck_isa(rawValue: $0)))
  }
  /// AMX over tiles in plain C; where there is AVX-512 VNNI for the rest of it.
  static let emulated =
    ck_isa_available(CK_AVX512_VNNI) != 0 ? [InstructionSet(isa: CK_AMX, isEmulated: true)] : []
  static var reference: ck_kernels { InstructionSet(isa: CK_REFERENCE).kernels }
}

/// A storage format.
struct Format: CustomTestStringConvertible, Sendable {
  let format: ck_format
  var testDescription: String { String(cString: ck_format_name(format)) }
  var block: Int { ck_format_block(format) }
  var blockBytes: Int { ck_format_block_bytes(format) }
  var takesQ8: Bool { ck_format_activation(format) == CK_ACT_Q8 }

  static let all = (0..<CK_FORMATS.rawValue).map { Format(format: ck_format(rawValue: $0)) }
  static let blocks = all.filter { $0.block > 1 }
}

/// splitmix64 (Steele, Lea and Flood 2014): the same numbers on every machine.
struct Random: RandomNumberGenerator {
  var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func floats(_ n: Int, scale: Float = 1) -> [Float] {
    (0..<n).map { _ in Float.random(in: -scale...scale, using: &self) }
  }

  mutating func bytes(_ n: Int) -> [UInt8] {
    (0..<n).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}

/// A random weight matrix, owned.
final class Weights {
  let data: UnsafeMutableRawPointer
  let scales: UnsafeMutablePointer<Float>
  var matrix: ck_matrix

  init(_ format: Format, rows: Int, cols: Int, seed: UInt64) {
    var random = Random(seed)
    let rowBytes = cols / format.block * format.blockBytes
    data = .allocate(byteCount: max(rows * rowBytes, 1), alignment: 1)
    let grid = ((rows + 3 + 127) / 128) * ((cols + 127) / 128)
    scales = .allocate(capacity: max(grid, 1))
    for i in 0..<grid { scales[i] = Float.random(in: 0.5...2, using: &random) }
    matrix = ck_matrix(
      data: data, scales: format.format == CK_FP8_E4M3 ? UnsafePointer(scales) : nil,
      scale_cols: (cols + 127) / 128, scale_row: format.format == CK_FP8_E4M3 ? 3 : 0, rows: rows,
      cols: cols, row_bytes: rowBytes, format: format.format, layout: CK_ROWS)
    for block in 0..<(rows * cols / format.block) {
      let bytes = Self.block(format, &random)
      (data + block * format.blockBytes).copyMemory(from: bytes, byteCount: bytes.count)
    }
  }

  deinit {
    data.deallocate()
    scales.deallocate()
  }

  /// One block of random codes whose scales are ordinary numbers.
  private static func block(_ format: Format, _ random: inout Random) -> [UInt8] {
    var bytes = random.bytes(format.blockBytes)
    func put(_ at: Int, _ range: ClosedRange<Float>) {
      let bits = Float16(Float.random(in: range, using: &random)).bitPattern
      bytes[at] = UInt8(bits & 255)
      bytes[at + 1] = UInt8(bits >> 8)
    }
    switch format.format {
    case CK_F32:
      let value = Float.random(in: -1...1, using: &random).bitPattern
      bytes = (0..<4).map { UInt8(value >> (8 * $0) & 255) }
    case CK_F16: put(0, -1...1)
    case CK_BF16: bytes[1] = (bytes[1] & 0x80) | 0x3D + (bytes[1] & 3)
    case CK_FP8_E4M3: if bytes[0] & 0x7F == 0x7F { bytes[0] = 0 }
    case CK_MXFP4: bytes[0] = 120 + bytes[0] % 8
    case CK_Q4_1, CK_Q5_1:
      put(0, 0.01...0.02)
      put(2, -0.3...0.1)
    case CK_Q2_K:
      put(80, 0.01...0.02)
      put(82, 0.01...0.02)
    case CK_Q3_K: put(108, 0.001...0.002)
    case CK_Q4_K, CK_Q5_K:
      put(0, 0.001...0.002)
      put(2, 0.001...0.002)
    case CK_Q6_K: put(208, 0.0001...0.0002)
    case CK_IQ4_XS: put(0, 0.0001...0.0002)
    default: put(0, 0.01...0.02)
    }
    return bytes
  }
}

/// `count` floats as 8-bit blocks.
func quantized(_ x: [Float], with kernels: ck_kernels) -> [ck_block_q8] {
  var out = [ck_block_q8](repeating: ck_block_q8(), count: (x.count + 31) / 32)
  kernels.quantize_q8(x, x.count, &out)
  return out
}
