// Weights from a checkpoint's tensors: used where they lie in the file, converted only when they must be.

import Dispatch
import StrictJSON

/// Gives a model its weights out of a checkpoint.
///
/// A matrix whose stored format the kernels read stays in the file's mapping. Copies are made for inputs-first expert
/// tensors, for formats stored in several tensors, and where another format is asked for.
public final class CheckpointWeights: WeightSource {
  let checkpoint: Checkpoint
  /// Format that projections are converted to; nil keeps each tensor's own.
  private let format: WeightFormat?
  private let memory = MemoryPool()
  /// Keeps tensors that were put together when asked for: matrices are bare views of them.
  private var owners: [OwnedBytes] = []
  /// Those of which parameters are slices.
  private var sliced: [String: StoredTensor] = [:]

  public init(_ checkpoint: Checkpoint, format: WeightFormat? = nil) {
    self.checkpoint = checkpoint
    self.format = format
  }

  // MARK: - Matrices

  public func matrix(_ parameter: Parameter) throws -> WeightMatrix {
    let (first, total): (Int, Int) =
      switch parameter.storage {
      case .whole: (0, parameter.rows)
      case .rows(let offset, let total): (offset, total)
      }
    let packed = try packedIntegers(parameter.name, rows: total, columns: parameter.columns)
    let stored = try packed ?? whole(tensor(of: parameter), shape: [total, parameter.columns])
    var view = stored.rows(first..<(first + parameter.rows))
    if sliced[parameter.name] != nil { view.isOwned = false }
    return try converted(view, parameter.isQuantizable, name: parameter.name)
  }

  /// The parameter's tensor, put together once where it is of several parameters.
  private func tensor(of parameter: Parameter) throws -> StoredTensor {
    if let known = sliced[parameter.name] { return known }
    let tensor = try find(parameter.name)
    if case .rows = parameter.storage, tensor.owner is OwnedBytes {
      sliced[parameter.name] = tensor
    }
    return tensor
  }

  /// A tensor as a matrix of all its rows, in its own format.
  func whole(_ tensor: StoredTensor, shape: [Int]) throws -> WeightMatrix {
    let columns = shape[shape.count - 1]
    let rows = shape.dropLast().reduce(1, *)
    if tensor.type == .i8 { return try packedFloats(tensor, rows: rows, columns: columns) }
    try check(tensor, shape: shape)
    guard let format = tensor.type.weightFormat else {
      throw EngineError.tensorType(
        name: tensor.name, found: "\(tensor.type)", rule: "not a weight format this engine reads")
    }
    guard let rowBytes = format.rowBytes(columns), let base = tensor.bytes.baseAddress else {
      throw EngineError.tensorType(
        name: tensor.name, found: "\(tensor.type)",
        rule: "rows of \(columns) are not whole blocks of \(format.blockSize)")
    }
    var matrix = WeightMatrix(
      format: format, rows: rows, columns: columns, base: base, rowBytes: rowBytes)
    matrix.isMapped = tensor.owner is MappedFile
    matrix.isOwned = tensor.owner is OwnedBytes
    if format == .fp8 { try attachScales(&matrix, tensor) }
    return matrix
  }

  /// Block scales of an FP8 tensor lie in a tensor of their own (DeepSeek-V3 technical report, section 3.3.2);
  /// DeepSeek-V4's are powers of two under another name.
  private func attachScales(_ matrix: inout WeightMatrix, _ tensor: StoredTensor) throws {
    let powers = try self.tensor(scaleName(tensor.name))
    let scales = try powers ?? find(tensor.name + "_scale_inv")
    let shape = [(matrix.rows + 127) / 128, (matrix.columns + 127) / 128]
    let values =
      try scales.type == .f8_e8m0
      ? exponents(scales, shape: shape) : floats(scales, shape: shape)
    matrix.scales = values.base
    matrix.scaleColumns = shape[1]
  }

  /// The matrix in the format asked for, or as it is.
  func converted(_ matrix: WeightMatrix, _ isQuantizable: Bool, name: String) throws
    -> WeightMatrix
  {
    guard isQuantizable, let target = format, target != matrix.format,
      let rowBytes = target.rowBytes(matrix.columns)
    else { return matrix }
    let memory = try allocate(matrix.rows * rowBytes, name)
    let kernels = try Kernels()
    let pieces = min(matrix.rows, 64)
    let failed = ParallelFlag()
    DispatchQueue.concurrentPerform(iterations: pieces) { piece in
      let row = UnsafeMutablePointer<Float>.allocate(capacity: matrix.columns)
      defer { row.deallocate() }
      let rows = (matrix.rows * piece / pieces)..<(matrix.rows * (piece + 1) / pieces)
      defer { matrix.rows(rows).releasePages() }
      for index in rows {
        kernels.dequantizeRow(index, of: matrix, into: row)
        if !target.quantize(row, matrix.columns, into: memory.base + index * rowBytes) {
          failed.set()
        }
      }
    }
    // Again as a whole: a page fault brings in its neighbours too.
    matrix.releasePages()
    guard !failed.isSet else {
      throw EngineError.usage(
        "tensor \(name.quotedForMessage()) holds a number that \(target.rawValue) cannot: not finite, or beyond 65504"
      )
    }
    var result = WeightMatrix(
      format: target, rows: matrix.rows, columns: matrix.columns,
      base: UnsafeRawPointer(memory.base), rowBytes: rowBytes)
    result.isOwned = true
    return result
  }

  // MARK: - Vectors

  public func vector(_ parameter: Parameter) throws -> Vector {
    let tensor = try find(parameter.name)
    switch parameter.storage {
    case .whole:
      return try floats(tensor, shape: [parameter.rows, parameter.columns])
    case .rows(let offset, let total):
      let all = try floats(tensor, shape: [total])
      return Vector(all.base + offset, count: parameter.count)
    }
  }

  /// A tensor's values as aligned floats of our own.
  ///
  /// They are few, and some act where no score would show it (a bias that only chooses experts), so each is checked.
  func floats(_ tensor: StoredTensor, shape: [Int]) throws -> Vector {
    try check(tensor, shape: shape)
    let count = shape.reduce(1, *)
    guard let format = tensor.type.weightFormat, format.blockSize == 1, format != .fp8,
      let base = tensor.bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 64)
    else {
      throw EngineError.tensorType(
        name: tensor.name, found: "\(tensor.type)", rule: "a vector must be F32, F16 or BF16")
    }
    let memory = try allocate(count * 4, tensor.name)
    let matrix = WeightMatrix(
      format: format, rows: 1, columns: count, base: base, rowBytes: tensor.bytes.count)
    if count > 0 { try Kernels().dequantizeRow(0, of: matrix, into: memory.floats) }
    for index in 0..<count where !memory.floats[index].isFinite {
      throw EngineError.nonFinite(
        place: "tensor \(tensor.name.quotedForMessage()), element \(index)")
    }
    return Vector(memory.floats, count: count)
  }

  // MARK: - Tables

  public func expertTable(
    _ name: String, vocabulary: Int, expertsPerToken: Int, experts: Int
  ) throws -> [Int32] {
    let tensor = try find(name)
    try check(tensor, shape: [vocabulary, expertsPerToken])
    guard tensor.type == .i64 || tensor.type == .i32 else {
      throw EngineError.tensorType(name: name, found: "\(tensor.type)", rule: "must be I32 or I64")
    }
    let isWide = tensor.type == .i64
    return try (0..<vocabulary * expertsPerToken).map { index in
      let value =
        isWide
        ? tensor.bytes.loadUnaligned(fromByteOffset: index * 8, as: Int64.self)
        : Int64(tensor.bytes.loadUnaligned(fromByteOffset: index * 4, as: Int32.self))
      guard value >= 0 && value < experts else {
        throw EngineError.tensorType(
          name: name, found: "\(value)", rule: "names an expert outside 0..<\(experts)")
      }
      return Int32(value)
    }
  }

  // MARK: - Tensors

  func find(_ name: String) throws -> StoredTensor {
    guard let tensor = try tensor(name) else { throw EngineError.missingTensor(name: name) }
    return tensor
  }

  func tensor(_ name: String) throws -> StoredTensor? {
    for name in [name] + Self.nestedNames(of: name) {
      guard let tensor = try checkpoint.tensor(named: name) else { continue }
      if let owner = tensor.owner as? OwnedBytes { owners.append(owner) }
      return tensor
    }
    return nil
  }

  /// What a text decoder's tensor is called inside a model that also sees: the checkpoint may hold that model while its
  /// configuration was saved for the decoder alone.
  static func nestedNames(of name: String) -> [String] {
    guard name.hasPrefix("model.") else { return ["language_model." + name] }
    return ["language_model." + name, "model.language_model." + name.dropFirst("model.".count)]
  }

  /// Compares shapes, dimensions of size 1 left out: a convolution is `[channels, 1, taps]` here and there.
  func check(_ tensor: StoredTensor, shape: [Int]) throws(EngineError) {
    guard tensor.shape.filter({ $0 != 1 }) == shape.filter({ $0 != 1 }) else {
      throw .tensorShape(name: tensor.name, found: tensor.shape, expected: shape)
    }
  }

  func allocate(_ bytes: Int, _ purpose: String) throws(EngineError) -> PooledMemory {
    try memory.take(bytes, purpose)
  }
}
