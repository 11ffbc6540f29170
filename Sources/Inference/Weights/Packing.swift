// Interleaving the rows of many matrices, on all processors at once.

import Dispatch

/// One matrix and where its interleaved rows go: memory of their own, or the matrix's.
struct Packing: @unchecked Sendable {
  let matrix: WeightMatrix
  let target: UnsafeMutableRawPointer

  private var isInPlace: Bool { UnsafeRawPointer(target) == matrix.base }
  private var groups: Int { matrix.rows / 16 }
  private var groupBytes: Int { 16 * matrix.rowBytes }

  var result: WeightMatrix {
    var result = WeightMatrix(
      format: matrix.format, rows: matrix.rows, columns: matrix.columns,
      base: UnsafeRawPointer(target), rowBytes: matrix.rowBytes)
    result.factor = matrix.factor
    result.isPacked = true
    return result
  }

  /// Packs all, and gives the pages of mapped files back as it goes, so that there is one copy at any time.
  static func run(_ packings: [Packing]) {
    let size = pieceBytes(packings.reduce(0) { $0 + $1.matrix.stretch.count })
    let pieces = packings.flatMap { packing in
      let groups = max(1, size / packing.groupBytes)
      return stride(from: 0, to: packing.groups, by: groups).map {
        Piece(packing: packing, groups: $0..<min(packing.groups, $0 + groups))
      }
    }
    DispatchQueue.concurrentPerform(iterations: pieces.count) { pieces[$0].pack() }
    for packing in packings { packing.copyRest() }
  }

  /// Long enough that two threads rarely meet in one huge page, which both would then clear.
  private static func pieceBytes(_ total: Int) -> Int {
    let share = total / (4 * Kernels.processors)
    return min(max(share, 256 << 10), 4 << 20)
  }

  /// What remains of the rows after the last sixteen.
  private func copyRest() {
    let done = groups * groupBytes
    let rest = matrix.stretch.count - done
    guard rest > 0 && !isInPlace else { return }
    (target + done).copyMemory(from: matrix.base + done, byteCount: rest)
  }

  private struct Piece {
    let packing: Packing
    let groups: Range<Int>

    func pack() {
      let matrix = packing.matrix
      let rows = (groups.lowerBound * 16)..<(groups.upperBound * 16)
      let place = packing.target + groups.lowerBound * packing.groupBytes
      guard packing.isInPlace else {
        matrix.pack(rows, into: place)
        if matrix.isMapped { matrix.rows(rows).releasePages() }
        return
      }
      let buffer = UnsafeMutableRawPointer.allocate(
        byteCount: packing.groupBytes, alignment: 64)
      defer { buffer.deallocate() }
      for group in 0..<groups.count {
        let first = rows.lowerBound + group * 16
        matrix.pack(first..<(first + 16), into: buffer)
        (place + group * packing.groupBytes).copyMemory(
          from: buffer, byteCount: packing.groupBytes)
      }
    }
  }
}
