// Aligned memory with one owner.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Zeroed memory from the system, aligned to a page, freed when the last reference goes.
///
/// Pages cost nothing until they are touched. Large blocks ask for huge pages: decode walks weights and caches once a
/// token, and every walk through 4 KiB pages pays for its translations.
public final class Memory: @unchecked Sendable {
  public let base: UnsafeMutableRawPointer
  public let byteCount: Int

  /// - Throws: ``EngineError/outOfMemory(bytes:purpose:)`` if the system refuses.
  public init(byteCount: Int, purpose: String, reserveOnly: Bool = false) throws(EngineError) {
    let length = max(byteCount, 1)
    var flags = MAP_PRIVATE | MAP_ANONYMOUS
    #if os(Linux)
      if reserveOnly { flags |= MAP_NORESERVE }
    #endif
    guard let pointer = mmap(nil, length, PROT_READ | PROT_WRITE, flags, -1, 0),
      pointer != UnsafeMutableRawPointer(bitPattern: -1)
    else { throw .outOfMemory(bytes: byteCount, purpose: purpose) }
    base = pointer
    self.byteCount = byteCount
    #if os(Linux)
      if byteCount >= 4 << 20 { madvise(pointer, length, Self.hugePages) }
    #endif
  }

  #if os(Linux)
    /// MADV_HUGEPAGE of <linux/mman.h>, which the Swift overlay leaves out.
    private static let hugePages: Int32 = 14
    /// MADV_NOHUGEPAGE.
    private static let smallPages: Int32 = 15
  #endif

  /// Asks for pages of the usual size, before any is written.
  func adviseSmallPages() {
    #if os(Linux)
      madvise(base, max(byteCount, 1), Self.smallPages)
    #endif
  }

  deinit { munmap(base, max(byteCount, 1)) }

  public var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }
}
