// Block formats with sixteen rows interleaved: what the vector units read without a shuffle.

/// Passes weights on, with sixteen rows of every projection in a block format interleaved.
///
/// Decode reads weights once a token, and interleaved rows come in at memory speed where rows in file order reach a
/// quarter of it (Benchmarks/kernels). Weights of the model's own are rearranged where they lie; weights in a file's
/// mapping are copied, and the mapping's pages given back, so that there is one copy in the process at any time.
final class PackedWeights: WeightSource {
  private let source: any WeightSource
  private let memory = MemoryPool()
  /// What was copied out of files' mappings.
  private var copied: [UnsafeRawBufferPointer] = []

  init(_ source: any WeightSource) { self.source = source }

  var hasValues: Bool { source.hasValues }

  func matrix(_ parameter: Parameter) throws -> WeightMatrix {
    let matrix = try source.matrix(parameter)
    // A group that begins inside sixteen interleaved rows could not be multiplied alone.
    let isCutWell = (parameter.rowGroup ?? 16) % 16 == 0
    return parameter.isQuantizable && isCutWell ? try packed([matrix])[0] : matrix
  }

  func vector(_ parameter: Parameter) throws -> Vector { try source.vector(parameter) }

  func experts(_ description: ExpertsDescription) throws -> ExpertBank {
    let bank = try source.experts(description)
    let all = try packed(bank.gate + bank.up + bank.down)
    let downs = bank.gate.count + bank.up.count
    var packedBank = ExpertBank(
      gate: Array(all[..<bank.gate.count]), up: Array(all[bank.gate.count..<downs]),
      down: Array(all[downs...]))
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

  private func packed(_ matrices: [WeightMatrix]) throws -> [WeightMatrix] {
    var results = matrices
    var packings: [Packing] = []
    for (index, matrix) in matrices.enumerated()
    where matrix.canPack && matrix.rowBytes == matrix.format.rowBytes(matrix.columns) {
      let target =
        matrix.isOwned
        ? UnsafeMutableRawPointer(mutating: matrix.base)
        : try memory.take(matrix.stretch.count, "interleaved weights").base
      let packing = Packing(matrix: matrix, target: target)
      packings.append(packing)
      results[index] = packing.result
    }
    Packing.run(packings)
    let mapped = joined(packings.map(\.matrix).filter(\.isMapped).map(\.stretch))
    mapped.forEach(releasePages)
    copied += mapped
    return results
  }

  /// Gives back once more what was copied out of files: a page fault brings in its neighbours too, of tensors that were
  /// copied before.
  func releaseCopied() {
    joined(copied).forEach(releasePages)
    copied = []
  }
}
