// Steps through UTF-8 that is known to be valid, and finds where other bytes cease to be.

/// The number of bytes of the scalar that begins with `lead`.
@inline(__always)
func utf8Length(lead: UInt8) -> Int {
  lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
}

/// The scalar at `position`, `length` bytes long.
func scalarValue(_ bytes: [UInt8], at position: Int, length: Int) -> UInt32 {
  var value = UInt32(bytes[position])
  guard length > 1 else { return value }
  value &= 0xFF >> UInt32(length + 1)
  for index in position + 1..<position + length {
    value = value << 6 | UInt32(bytes[index] & 0x3F)
  }
  return value
}

/// How far UTF-8 at `position` is sound.
enum UTF8Step: Equatable {
  case scalar(length: Int)
  /// No scalar begins with these bytes, which stand for one replacement character.
  case invalid(length: Int)
  /// The bytes end within what may become a scalar.
  case incomplete
}

/// The scalar, or the maximal part of one, at `position` (Unicode Standard, table 3-7).
func utf8Step(_ bytes: [UInt8], at position: Int) -> UTF8Step {
  let lead = bytes[position]
  if lead < 0x80 { return .scalar(length: 1) }
  guard lead >= 0xC2, lead <= 0xF4 else { return .invalid(length: 1) }
  let length = utf8Length(lead: lead)
  for index in 1..<length {
    guard position + index < bytes.count else { return .incomplete }
    let byte = bytes[position + index]
    var allowed: ClosedRange<UInt8> = 0x80...0xBF
    if index == 1 {
      switch lead {
      case 0xE0: allowed = 0xA0...0xBF
      case 0xED: allowed = 0x80...0x9F
      case 0xF0: allowed = 0x90...0xBF
      case 0xF4: allowed = 0x80...0x8F
      default: break
      }
    }
    guard allowed.contains(byte) else { return .invalid(length: index) }
  }
  return .scalar(length: length)
}

/// The offset of the first byte that is not part of a scalar, or nil if all are.
func firstInvalidUTF8(_ bytes: [UInt8]) -> Int? {
  var position = 0
  while position < bytes.count {
    if bytes[position] < 0x80 {
      position += 1
      continue
    }
    guard case .scalar(let length) = utf8Step(bytes, at: position) else { return position }
    position += length
  }
  return nil
}
