// Where a model's weights lie in memory, for a probe that reads what decode reads.

/// The weights of a loaded model as stretches of memory, all of them written: a page that never was is one page of
/// zeros.
///
/// The embedding is left out, since decode reads single rows of it.
public struct WeightMemory: @unchecked Sendable {
  /// Memory of the process' own, and mapped files.
  private var own: [UnsafeRawBufferPointer] = []
  private var mapped: [UnsafeRawBufferPointer] = []
  /// Keeps the memory alive.
  private var owner: (any WeightSource)?

  init() {}

  /// Bytes in memory of the process' own.
  public var byteCount: Int { joined(own).reduce(0) { $0 + $1.count } }

  mutating func add(_ matrix: WeightMatrix) {
    guard matrix.stretch.count > 0 else { return }
    if matrix.isMapped { mapped.append(matrix.stretch) } else { own.append(matrix.stretch) }
  }

  func owned(by source: any WeightSource) -> WeightMemory {
    var result = self
    result.owner = source
    return result
  }

  /// Gives the pages of mapped files back; what reads them next finds them in the system's cache.
  public func releaseMappings() {
    for stretch in mapped { releasePages(stretch) }
  }

  /// Pieces of at most `piece` bytes from everywhere in the process' own memory, `bytes` in all or a piece more, in the
  /// order of their addresses.
  package func sample(_ bytes: Int, piece: Int) -> [UnsafeRawBufferPointer] {
    var pieces: [UnsafeRawBufferPointer] = []
    for run in joined(own) {
      for start in stride(from: 0, to: run.count, by: piece) {
        pieces.append(UnsafeRawBufferPointer(rebasing: run[start..<min(run.count, start + piece)]))
      }
    }
    let share = Double(bytes) / Double(max(1, pieces.reduce(0) { $0 + $1.count }))
    guard share < 1 else { return pieces }
    var (due, taken) = (0.0, 0)
    return pieces.filter { piece in
      due += Double(piece.count) * share
      guard Double(taken) < due else { return false }
      taken += piece.count
      return true
    }
  }
}
