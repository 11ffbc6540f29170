// One region for all activations: a forward pass moves a cursor and allocates nothing.

/// Hands out activation memory in stack order.
///
/// Every worker of a pool runs the same program, so each keeps its own cursor over the same region: equal sequences of
/// ``take(_:)`` and ``release(to:)`` give equal addresses without a word between them.
public struct Arena: @unchecked Sendable {
  private let memory: Memory
  private var cursor = 0

  init(memory: Memory) { self.memory = memory }

  /// The next `bytes` bytes, aligned to a cache line; their contents are undefined.
  mutating func takeBytes(_ bytes: Int) -> UnsafeMutableRawPointer {
    let start = cursor
    cursor = (start + bytes + 63) & ~63
    precondition(
      cursor <= memory.byteCount, "arena of \(memory.byteCount) bytes exhausted at \(cursor)")
    return memory.base + start
  }

  mutating func take(_ count: Int) -> UnsafeMutablePointer<Float> {
    takeBytes(count * 4).assumingMemoryBound(to: Float.self)
  }

  mutating func take(rows: Int, columns: Int) -> Matrix {
    Matrix(take(rows * columns), rows: rows, columns: columns)
  }

  mutating func takeInt32(_ count: Int) -> UnsafeMutablePointer<Int32> {
    takeBytes(count * 4).assumingMemoryBound(to: Int32.self)
  }

  var mark: Int { cursor }

  mutating func release(to mark: Int) { cursor = mark }
}
