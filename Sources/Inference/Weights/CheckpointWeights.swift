// Weights from a checkpoint's tensors: used where they lie in the file, converted only when they must be.

import Dispatch

/// Gives a model its weights out of a checkpoint.
///
/// A matrix whose stored format the kernels read stays in the file's mapping. Copies are made for inputs-first expert
/// tensors, for formats stored in several tensors, and where another format is asked for.
public final class CheckpointWeights: WeightSource {
  private let checkpoint: Checkpoint
  /// Format that projections are converted to; nil keeps each tensor's own.
  private let format: WeightFormat?
  private var memories: [Memory] = []
  /// Formats met so far with the bytes of each.
  public private(set) var bytesByFormat: [WeightFormat: Int] = [:]

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
    let stored = try packed ?? whole(find(parameter.name), shape: [total, parameter.columns])
    let view = stored.rows(first..<(first + parameter.rows))
    return try converted(view, parameter.isQuantizable, name: parameter.name)
  }

  /// A tensor as a matrix of all its rows, in its own format.
  private func whole(_ tensor: StoredTensor, shape: [Int]) throws -> WeightMatrix {
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
  private func converted(_ matrix: WeightMatrix, _ isQuantizable: Bool, name: String) throws
    -> WeightMatrix
  {
    guard isQuantizable, let target = format, target != matrix.format,
      let rowBytes = target.rowBytes(matrix.columns)
    else {
      bytesByFormat[matrix.format, default: 0] += matrix.byteCount
      return matrix
    }
    let memory = try allocate(matrix.rows * rowBytes, name)
    let kernels = try Kernels()
    let pieces = min(matrix.rows, 64)
    let failed = ParallelFlag()
    DispatchQueue.concurrentPerform(iterations: pieces) { piece in
      let row = UnsafeMutablePointer<Float>.allocate(capacity: matrix.columns)
      defer { row.deallocate() }
      for index in (matrix.rows * piece / pieces)..<(matrix.rows * (piece + 1) / pieces) {
        kernels.dequantizeRow(index, of: matrix, into: row)
        if !target.quantize(row, matrix.columns, into: memory.base + index * rowBytes) {
          failed.set()
        }
      }
    }
    guard !failed.isSet else {
      throw EngineError.usage("weights cannot be converted to \(target.rawValue)")
    }
    let result = WeightMatrix(
      format: target, rows: matrix.rows, columns: matrix.columns,
      base: UnsafeRawPointer(memory.base), rowBytes: rowBytes)
    bytesByFormat[target, default: 0] += result.byteCount
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
  private func floats(_ tensor: StoredTensor, shape: [Int]) throws -> Vector {
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
    bytesByFormat[.f32, default: 0] += count * 4
    return Vector(memory.floats, count: count)
  }

  // MARK: - Experts

  public func experts(_ d: ExpertsDescription) throws -> ExpertBank {
    var bank: ExpertBank
    switch d.layout {
    case .separate(let gate, let up, let down):
      bank = ExpertBank(
        gate: try separate(gate, d.count, rows: d.intermediate, columns: d.hidden),
        up: try separate(up, d.count, rows: d.intermediate, columns: d.hidden),
        down: try separate(down, d.count, rows: d.hidden, columns: d.intermediate))
    case .fused(let gateUp, let down):
      let both = try whole(find(gateUp), shape: [d.count, 2 * d.intermediate, d.hidden])
      let tall = try whole(find(down), shape: [d.count, d.hidden, d.intermediate])
      bank = try cut(both, tall, d, name: gateUp)
    case .transposed(let gateUp, let down, let interleaved):
      let both = try transposed(
        find(gateUp), d.count, inputs: d.hidden, outputs: 2 * d.intermediate,
        interleaved: interleaved)
      let tall = try transposed(
        find(down), d.count, inputs: d.intermediate, outputs: d.hidden, interleaved: false)
      bank = try cut(both, tall, d, name: gateUp)
    case .mxfp4(let gateUpBlocks, let gateUpScales, let downBlocks, let downScales):
      let both = try mxfp4(
        find(gateUpBlocks), find(gateUpScales), d.count, outputs: 2 * d.intermediate,
        inputs: d.hidden, interleaved: true)
      let tall = try mxfp4(
        find(downBlocks), find(downScales), d.count, outputs: d.hidden, inputs: d.intermediate,
        interleaved: false)
      bank = try cut(both, tall, d, name: gateUpBlocks)
    }
    if let name = d.gateUpBias {
      let both = try floats(find(name), shape: [d.count, 2 * d.intermediate])
      bank.gateBias = try everySecond(both, from: 0, name)
      bank.upBias = try everySecond(both, from: 1, name)
    }
    bank.downBias = try d.downBias.map { try floats(find($0), shape: [d.count, d.hidden]) }
    return bank
  }

  private func separate(_ pattern: String, _ count: Int, rows: Int, columns: Int) throws
    -> [WeightMatrix]
  {
    try (0..<count).map { expert in
      try matrix(
        Parameter(
          matrix: pattern.replacing("{}", with: String(expert)), rows: rows, columns: columns,
          role: .routedExpert))
    }
  }

  /// Gate rows first, then up rows, expert after expert.
  private func cut(
    _ both: WeightMatrix, _ tall: WeightMatrix, _ d: ExpertsDescription, name: String
  )
    throws -> ExpertBank
  {
    let wide = try converted(both, true, name: name)
    let down = try converted(tall, true, name: name)
    let (i, h) = (d.intermediate, d.hidden)
    return ExpertBank(
      gate: (0..<d.count).map { wide.rows(($0 * 2 * i)..<($0 * 2 * i + i)) },
      up: (0..<d.count).map { wide.rows(($0 * 2 * i + i)..<(($0 + 1) * 2 * i)) },
      down: (0..<d.count).map { down.rows(($0 * h)..<(($0 + 1) * h)) })
  }

  /// Turns `[E, inputs, outputs]` into rows of outputs; interleaved outputs are sorted into halves.
  private func transposed(
    _ tensor: StoredTensor, _ count: Int, inputs: Int, outputs: Int, interleaved: Bool
  ) throws -> WeightMatrix {
    try check(tensor, shape: [count, inputs, outputs])
    guard let format = tensor.type.weightFormat, format.blockSize == 1, format != .fp8,
      let base = tensor.bytes.baseAddress
    else {
      throw EngineError.tensorType(
        name: tensor.name, found: "\(tensor.type)",
        rule: "inputs-first experts must be plain numbers")
    }
    let size = format.blockBytes
    let memory = try allocate(count * inputs * outputs * size, tensor.name)
    let source = SharedBytes(base)
    let target = SharedMutableBytes(memory.base)
    DispatchQueue.concurrentPerform(iterations: count) { expert in
      let offset = expert * inputs * outputs * size
      for output in 0..<outputs {
        let row = interleaved ? output / 2 + output % 2 * (outputs / 2) : output
        for input in 0..<inputs {
          (target.base + offset + (row * inputs + input) * size).copyMemory(
            from: source.base + offset + (input * outputs + output) * size, byteCount: size)
        }
      }
    }
    return WeightMatrix(
      format: format, rows: count * outputs, columns: inputs,
      base: UnsafeRawPointer(memory.base), rowBytes: inputs * size)
  }

  /// gpt-oss keeps nibbles and exponents in two tensors; the kernels read blocks of both (OCP MX specification 1.0).
  private func mxfp4(
    _ blocks: StoredTensor, _ scales: StoredTensor, _ count: Int, outputs: Int, inputs: Int,
    interleaved: Bool
  ) throws -> WeightMatrix {
    guard inputs % 32 == 0, let rowBytes = WeightFormat.mxfp4.rowBytes(inputs) else {
      throw EngineError.tensorShape(
        name: blocks.name, found: blocks.shape, expected: [count, outputs, inputs / 32, 16])
    }
    let groups = inputs / 32
    try check(blocks, shape: [count, outputs, groups, 16])
    try check(scales, shape: [count, outputs, groups])
    guard blocks.type == .u8, scales.type == .u8, let nibbles = blocks.bytes.baseAddress,
      let exponents = scales.bytes.baseAddress
    else {
      throw EngineError.tensorType(name: blocks.name, found: "\(blocks.type)", rule: "must be U8")
    }
    let memory = try allocate(count * outputs * rowBytes, blocks.name)
    let (source, powers) = (SharedBytes(nibbles), SharedBytes(exponents))
    let target = SharedMutableBytes(memory.base)
    DispatchQueue.concurrentPerform(iterations: count) { expert in
      for output in 0..<outputs {
        let row = interleaved ? output / 2 + output % 2 * (outputs / 2) : output
        for group in 0..<groups {
          let index = (expert * outputs + output) * groups + group
          let block = target.base + (expert * outputs + row) * rowBytes + group * 17
          block.storeBytes(
            of: powers.base.load(fromByteOffset: index, as: UInt8.self), as: UInt8.self)
          repackNibbles(source.base + index * 16, into: block + 1)
        }
      }
    }
    return WeightMatrix(
      format: .mxfp4, rows: count * outputs, columns: inputs,
      base: UnsafeRawPointer(memory.base), rowBytes: rowBytes)
  }

  private func everySecond(_ values: Vector, from start: Int, _ purpose: String) throws -> Vector {
    let memory = try allocate(values.count * 2, purpose)
    for i in 0..<values.count / 2 { memory.floats[i] = values[2 * i + start] }
    return Vector(memory.floats, count: values.count / 2)
  }

  // MARK: - Tables

  public func expertTable(
    _ name: String, vocabulary: Int, expertsPerToken: Int, experts: Int
  ) throws -> [Int32] {
    let tensor = try find(name)
    try check(tensor, shape: [vocabulary, expertsPerToken])
    guard tensor.type == .i64 else {
      throw EngineError.tensorType(name: name, found: "\(tensor.type)", rule: "must be I64")
    }
    return try (0..<vocabulary * expertsPerToken).map { index in
      let value = tensor.bytes.loadUnaligned(fromByteOffset: index * 8, as: Int64.self)
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
    if let tensor = try checkpoint.tensor(named: name) { return tensor }
    for nested in Self.nestedNames(of: name) {
      if let tensor = try checkpoint.tensor(named: nested) { return tensor }
    }
    return nil
  }

  /// What a text decoder's tensor is called inside a model that also sees: the checkpoint may hold that model while its
  /// configuration was saved for the decoder alone.
  private static func nestedNames(of name: String) -> [String] {
    guard name.hasPrefix("model.") else { return ["language_model." + name] }
    return ["language_model." + name, "model.language_model." + name.dropFirst("model.".count)]
  }

  /// Compares shapes, dimensions of size 1 left out: a convolution is `[channels, 1, taps]` here and there.
  func check(_ tensor: StoredTensor, shape: [Int]) throws(EngineError) {
    guard tensor.shape.filter({ $0 != 1 }) == shape.filter({ $0 != 1 }) else {
      throw .tensorShape(name: tensor.name, found: tensor.shape, expected: shape)
    }
  }

  func allocate(_ bytes: Int, _ purpose: String) throws(EngineError) -> Memory {
    let memory = try Memory(byteCount: bytes, purpose: purpose)
    memories.append(memory)
    return memory
  }
}
