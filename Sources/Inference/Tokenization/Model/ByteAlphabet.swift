// The 256 printable characters by which byte-level vocabularies write bytes (Radford et al. 2019).

enum ByteAlphabet {
  /// The character that stands for each byte: itself where it is printable Latin-1, otherwise the
  /// next one from U+0100 on.
  static let scalars: [UInt32] = {
    var next: UInt32 = 0x100
    return (0..<256 as Range<UInt32>).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return byte
      default:
        next += 1
        return next - 1
      }
    }
  }()

  private static let bytes: [UInt8?] = {
    var bytes = [UInt8?](repeating: nil, count: 0x144)
    for (byte, scalar) in scalars.enumerated() {
      bytes[Int(scalar)] = UInt8(truncatingIfNeeded: byte)
    }
    return bytes
  }()

  /// The bytes that `token` writes, or nil if it has a character that stands for none.
  static func bytes(of token: String) -> [UInt8]? {
    var result: [UInt8] = []
    for scalar in token.unicodeScalars {
      guard scalar.value < 0x144, let byte = bytes[Int(scalar.value)] else { return nil }
      result.append(byte)
    }
    return result
  }
}
