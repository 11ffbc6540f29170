// Block formats with sixteen rows interleaved: what the vector units read without a shuffle.

import Dispatch

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Passes weights on, with sixteen rows of every projection in a block format interleaved.
///
/// Decode reads weights once a token, and interleaved rows come in at memory speed where rows in file order reach a
/// quarter of it (Benchmarks/kernels). Weights of the model's own are rearranged where they lie; weights in a file's
/// mapping are copied, and the mapping's pages given back, so that there is one copy in the process at any time.
final class PackedWeights: WeightSource {
  private let source: any WeightSource
  private let memory = MemoryPool()

  init(_ source: any WeightSource) { self.source = source }

  var hasValues: Bool { source.hasValues }

  func matrix(_ parameter: Parameter) throws -> WeightMatrix {
    let matrix = try source.matrix(parameter)
    // A group that begins inside sixteen interleaved rows could not be multiplied alone.
    let isCutWell = (parameter.rowGroup ?? 16) % 16 == 0
    return parameter.isQuantizable && isCutWell ? try packed(matrix) : matrix
  }

  func vector(_ parameter: Parameter) throws -> Vector { try source.vector(parameter) }

  func experts(_ description: ExpertsDescription) throws -> ExpertBank {
    let bank = try source.experts(description)
    var packedBank = ExpertBank(
      gate: try bank.gate.map(packed), up: try bank.up.map(packed), down: try bank.down.map(packed))
    packedBank.gateBias = bank.gateBias
    packedBank.upBias = bank.upBias
    packedBank.downBias = bank.downBias
    return packedBank
  }

  func expertTable(
    _ name: String, vocabulary: Int, expertsPerToken: Int, experts: Int
  ) throws -> [Int32] {
    try source.expertTable(
      name, vocabulary: vocabulary, expertsPerToken: expertsPerToken, experts: experts)
  }

  private func packed(_ matrix: WeightMatrix) throws -> WeightMatrix {
    guard matrix.canPack, matrix.rowBytes == matrix.format.rowBytes(matrix.columns) else {
      return matrix
    }
    let bytes = matrix.rows * matrix.rowBytes
    let target: UnsafeMutableRawPointer
    if matrix.isOwned {
      target = UnsafeMutableRawPointer(mutating: matrix.base)
    } else {
      target = try memory.take(bytes, "interleaved weights").base
    }
    pack(matrix, into: target)
    if !matrix.isOwned { release(matrix.base, bytes) }
    var result = WeightMatrix(
      format: matrix.format, rows: matrix.rows, columns: matrix.columns,
      base: UnsafeRawPointer(target), rowBytes: matrix.rowBytes)
    result.factor = matrix.factor
    result.isPacked = true
    return result
  }

  /// Sixteen rows at a time, through a buffer where source and target are the same.
  private func pack(_ matrix: WeightMatrix, into target: UnsafeMutableRawPointer) {
    let groups = matrix.rows / 16
    let pieces = min(groups, 32)
    let groupBytes = 16 * matrix.rowBytes
    let out = SharedMutableBytes(target)
    let isInPlace = UnsafeRawPointer(target) == matrix.base
    DispatchQueue.concurrentPerform(iterations: pieces) { piece in
      let buffer = UnsafeMutableRawPointer.allocate(byteCount: groupBytes, alignment: 64)
      defer { buffer.deallocate() }
      for group in (groups * piece / pieces)..<(groups * (piece + 1) / pieces) {
        let place = out.base + group * groupBytes
        let rows = (group * 16)..<((group + 1) * 16)
        matrix.pack(rows, into: isInPlace ? buffer : place)
        if isInPlace { place.copyMemory(from: buffer, byteCount: groupBytes) }
      }
    }
    let rest = matrix.rows - groups * 16
    if rest > 0 && !isInPlace {
      (target + groups * groupBytes).copyMemory(
        from: matrix.base + groups * groupBytes, byteCount: rest * matrix.rowBytes)
    }
  }

  /// Gives a mapping's pages back; they can be read from the file again.
  private func release(_ base: UnsafeRawPointer, _ bytes: Int) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let start = (Int(bitPattern: base) + page - 1) / page * page
    let end = (Int(bitPattern: base) + bytes) / page * page
    guard end > start, let pointer = UnsafeMutableRawPointer(bitPattern: start) else { return }
    madvise(pointer, end - start, MADV_DONTNEED)
  }
}
