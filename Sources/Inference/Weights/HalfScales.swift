// bfloat16 scales as IEEE halves, without rounding: all are multiplied by one power of two where they would not fit.

/// Converts a tensor's scales to half precision exactly.
///
/// A bfloat16 has fewer significant bits than a half but many more exponents. The scales of one matrix lie close
/// together, so that one power of two brings them all into a half's range; products are multiplied by its inverse.
struct HalfScales: Sendable {
  private let type: TensorType
  /// All scales are multiplied by two to this power.
  private let shift: Int

  /// What products must be multiplied with.
  var factor: Float {
    var factor: Float = 1
    for _ in 0..<abs(shift) { factor *= shift > 0 ? 0.5 : 2 }
    return factor
  }

  /// - Throws: ``EngineError`` for a type other than BF16 and F16, for scales that are not finite, and for scales too
  ///   far apart.
  init(_ tensor: StoredTensor) throws(EngineError) {
    guard tensor.type == .bf16 || tensor.type == .f16 else {
      throw .tensorType(name: tensor.name, found: "\(tensor.type)", rule: "must be BF16 or F16")
    }
    type = tensor.type
    var lowest = Int.max
    var highest = Int.min
    for index in 0..<tensor.bytes.count / 2 {
      let bits = UInt16(
        littleEndian: tensor.bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
      let ceiling: UInt16 = tensor.type == .bf16 ? 0x7F80 : 0x7C00
      guard bits & ceiling != ceiling else { throw .nonFinite(place: "tensor \"\(tensor.name)\"") }
      guard tensor.type == .bf16, let (significand, exponent) = Self.parts(bits) else { continue }
      lowest = min(lowest, exponent + significand.trailingZeroBitCount)
      highest = max(highest, exponent + Self.width(significand) - 1)
    }
    // A half's smallest bit is 2^-24, its largest 2^15.
    var shift = 0
    if lowest < -24 {
      shift = -24 - lowest
    } else if highest > 15 && highest != .min {
      shift = 15 - highest
    }
    guard lowest == .max || (lowest + shift >= -24 && highest + shift <= 15) else {
      throw .tensorType(
        name: tensor.name, found: "scales from 2^\(lowest) to 2^\(highest)",
        rule: "too far apart to be held in half precision")
    }
    self.shift = shift
  }

  /// The half with the value of a stored scale times the power of two.
  func half(_ bits: UInt16) -> UInt16 {
    guard type == .bf16 else { return bits }
    let sign = bits & 0x8000
    guard let (significand, exponent) = Self.parts(bits) else { return sign }
    let lowest = exponent + shift
    let top = lowest + Self.width(significand) - 1
    if top >= -14 {
      let fraction = significand << (11 - Self.width(significand)) & 0x3FF
      return sign | UInt16(top + 15) << 10 | fraction
    }
    let place = lowest + 24
    return sign | (place >= 0 ? significand << place : significand >> -place)
  }

  /// A bfloat16 as `significand * 2^exponent`; nil for zero.
  private static func parts(_ bits: UInt16) -> (significand: UInt16, exponent: Int)? {
    let fraction = bits & 0x7F
    let exponent = Int(bits >> 7 & 0xFF)
    if exponent == 0 { return fraction == 0 ? nil : (fraction, -133) }
    return (fraction | 0x80, exponent - 134)
  }

  private static func width(_ value: UInt16) -> Int { 16 - value.leadingZeroBitCount }
}
