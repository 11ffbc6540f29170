// Strings as their UTF-8 bytes: the only sense in which two names from files are the same.

extension String {
  /// Whether both strings are the same bytes (`==` would also equate composed and decomposed forms).
  public func hasSameBytes(as other: String) -> Bool {
    utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
  }
}

extension Hasher {
  /// Feeds the UTF-8 bytes of `string`, without normalising them.
  public mutating func combine(bytesOf string: String) {
    let hashed: Void? = string.utf8.withContiguousStorageIfAvailable {
      combine(bytes: UnsafeRawBufferPointer($0))
    }
    if hashed == nil { for byte in string.utf8 { combine(byte) } }
  }
}

/// A string as a dictionary key that is compared by its bytes.
public struct ByteKey: Hashable, Sendable {
  public let string: String

  public init(_ string: String) { self.string = string }

  public static func == (a: ByteKey, b: ByteKey) -> Bool { a.string.hasSameBytes(as: b.string) }

  public func hash(into hasher: inout Hasher) { hasher.combine(bytesOf: string) }
}
