// The memory that read bandwidth is measured on.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension CeilingProbe {
  /// Memory in the pieces it is read in.
  public struct Ground: @unchecked Sendable {
    package let pieces: [UnsafeRawBufferPointer]
    let byteCount: Int
    private let owner: any Sendable

    private static let piece = 1 << 20

    /// A buffer made for nothing else.
    ///
    /// - Parameter usesHugePages: Whether the system may back it with huge pages.
    public static func buffer(
      bytes: Int, usesHugePages: Bool = true
    ) throws(EngineError) -> Ground {
      let memory = try Memory(byteCount: bytes, purpose: "a bandwidth buffer")
      if !usesHugePages { memory.adviseSmallPages() }
      // Pages that were never written would all be one page of zeros.
      memset(memory.base, 1, bytes)
      let all = UnsafeRawBufferPointer(start: memory.base, count: bytes)
      return Ground(
        pieces: stride(from: 0, to: bytes, by: piece).map {
          UnsafeRawBufferPointer(rebasing: all[$0..<min(bytes, $0 + piece)])
        }, owner: memory)
    }

    /// `bytes` of a model's own weights, taken evenly from everywhere; nil where it has fewer in memory of its own.
    public static func weights(_ memory: WeightMemory, bytes: Int) -> Ground? {
      guard memory.byteCount >= bytes else { return nil }
      return Ground(pieces: memory.sample(bytes, piece: piece), owner: memory)
    }

    private init(pieces: [UnsafeRawBufferPointer], owner: any Sendable) {
      self.pieces = pieces
      self.owner = owner
      byteCount = pieces.reduce(0) { $0 + $1.count / 4 * 4 }
    }
  }
}
