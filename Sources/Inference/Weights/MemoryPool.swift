// Memory for weights in few large pieces: a model can have more matrices than a process may have mappings.

/// Hands out memory that lives as long as the pool.
///
/// Kimi K2 has 70,000 expert matrices and Linux allows 65,530 mappings, so each cannot have its own. Slabs grow with
/// what was handed out: a small model reserves little, a large one ends with one slab a gibibyte.
final class MemoryPool {
  private var slabs: [Memory] = []
  private var used = 0
  private var total = 0

  private static let alignment = 64
  private static let smallest = 1 << 20
  private static let largest = 1 << 30

  /// Zeroed memory, aligned to a cache line.
  ///
  /// - Throws: ``EngineError/outOfMemory(bytes:purpose:)`` if the system refuses.
  func take(_ bytes: Int, _ purpose: String) throws(EngineError) -> PooledMemory {
    let size = (max(bytes, 1) + Self.alignment - 1) / Self.alignment * Self.alignment
    if slabs.last.map({ $0.byteCount - used >= size }) != true {
      let slab = min(max(total / 8, Self.smallest), Self.largest)
      slabs.append(try Memory(byteCount: max(slab, size), purpose: purpose))
      used = 0
    }
    let base = slabs[slabs.count - 1].base + used
    used += size
    total += size
    return PooledMemory(base: base)
  }
}

/// A part of a pool's memory.
struct PooledMemory: @unchecked Sendable {
  let base: UnsafeMutableRawPointer

  var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }
}
