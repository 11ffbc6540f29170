// FNV-1a, 64 bits (Fowler, Noll, Vo): a short name for bytes, which finds damage and not malice.

/// The FNV-1a hash of bytes.
package enum Fingerprint {
  package static func of(_ bytes: [UInt8]) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
  }
}
