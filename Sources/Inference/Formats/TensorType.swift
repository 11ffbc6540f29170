// How the elements of a stored tensor are encoded, in both containers.

/// The encoding of a tensor's elements.
///
/// Plain types have blocks of one element. The others are the block formats of GGUF (ggml's `ggml_type`).
public enum TensorType: String, Sendable, CaseIterable {
  case f64, f32, f16, bf16
  case i64, i32, i16, i8, u64, u32, u16, u8, bool, c64
  case f8_e4m3, f8_e5m2, f8_e8m0, f8_e4m3fnuz, f8_e5m2fnuz
  case f6_e2m3, f6_e3m2, f4
  case q4_0, q4_1, q5_0, q5_1, q8_0, q8_1
  case q2_k, q3_k, q4_k, q5_k, q6_k, q8_k
  case iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, iq1_s, iq1_m, iq4_nl, iq4_xs
  case tq1_0, tq2_0, mxfp4, nvfp4, q1_0

  /// Elements and bytes of the smallest piece that stands alone.
  public var block: (elements: Int, bytes: Int) {
    switch self {
    case .f64, .i64, .u64, .c64: (1, 8)
    case .f32, .i32, .u32: (1, 4)
    case .f16, .bf16, .i16, .u16: (1, 2)
    case .i8, .u8, .bool, .f8_e4m3, .f8_e5m2, .f8_e8m0, .f8_e4m3fnuz, .f8_e5m2fnuz: (1, 1)
    case .f6_e2m3, .f6_e3m2: (4, 3)
    case .f4: (2, 1)
    default: ggufBlock
    }
  }

  private var ggufBlock: (elements: Int, bytes: Int) {
    switch self {
    case .q4_0, .iq4_nl: (32, 18)
    case .q4_1: (32, 20)
    case .q5_0: (32, 22)
    case .q5_1: (32, 24)
    case .q8_0: (32, 34)
    case .q8_1: (32, 36)
    case .mxfp4: (32, 17)
    case .nvfp4: (64, 36)
    case .q1_0: (128, 18)
    case .q2_k: (256, 84)
    case .q3_k, .iq3_s: (256, 110)
    case .q4_k: (256, 144)
    case .q5_k: (256, 176)
    case .q6_k: (256, 210)
    case .q8_k: (256, 292)
    case .iq2_xxs, .tq2_0: (256, 66)
    case .iq2_xs: (256, 74)
    case .iq2_s: (256, 82)
    case .iq3_xxs: (256, 98)
    case .iq1_s: (256, 50)
    case .iq1_m: (256, 56)
    case .iq4_xs: (256, 136)
    default: (256, 54)  // tq1_0
    }
  }

  /// Bytes of `count` elements; nil if they are not whole blocks or the product overflows.
  public func byteCount(elements count: Int) -> Int? {
    let block = block
    guard count % block.elements == 0 else { return nil }
    let (bytes, overflow) = (count / block.elements).multipliedReportingOverflow(by: block.bytes)
    return overflow ? nil : bytes
  }

  /// The name in a safetensors header.
  init?(safetensors name: String) {
    switch name {
    case "F64": self = .f64
    case "F32": self = .f32
    case "F16": self = .f16
    case "BF16": self = .bf16
    case "I64": self = .i64
    case "I32": self = .i32
    case "I16": self = .i16
    case "I8": self = .i8
    case "U64": self = .u64
    case "U32": self = .u32
    case "U16": self = .u16
    case "U8": self = .u8
    case "BOOL": self = .bool
    case "C64": self = .c64
    case "F8_E4M3": self = .f8_e4m3
    case "F8_E5M2": self = .f8_e5m2
    case "F8_E8M0": self = .f8_e8m0
    case "F8_E4M3FNUZ": self = .f8_e4m3fnuz
    case "F8_E5M2FNUZ": self = .f8_e5m2fnuz
    case "F6_E2M3": self = .f6_e2m3
    case "F6_E3M2": self = .f6_e3m2
    case "F4": self = .f4
    default: return nil
    }
  }
}

extension TensorType: CustomStringConvertible {
  public var description: String { rawValue.uppercased() }
}
