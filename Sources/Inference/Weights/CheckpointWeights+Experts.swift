// Routed experts out of a checkpoint, in each of the layouts families store them.

import Dispatch

extension CheckpointWeights {
  public func experts(_ d: ExpertsDescription) throws -> ExpertBank {
    if let stacks = try checkpoint.stackedExperts(d.layout.firstName) {
      return try stacked(stacks, d)
    }
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

  /// GGUF keeps each projection of all experts in one tensor.
  private func stacked(_ stacks: StackedExperts, _ d: ExpertsDescription) throws -> ExpertBank {
    func matrices(_ tensor: StoredTensor, rows: Int, columns: Int) throws -> [WeightMatrix] {
      let stored = try whole(tensor, shape: [d.count, rows, columns])
      let all = try converted(stored, true, name: tensor.name)
      return (0..<d.count).map { all.rows(($0 * rows)..<(($0 + 1) * rows)) }
    }
    var bank = ExpertBank(
      gate: try matrices(stacks.gate, rows: d.intermediate, columns: d.hidden),
      up: try matrices(stacks.up, rows: d.intermediate, columns: d.hidden),
      down: try matrices(stacks.down, rows: d.hidden, columns: d.intermediate))
    if d.gateUpBias != nil, let gate = stacks.gateBias, let up = stacks.upBias {
      bank.gateBias = try floats(gate, shape: [d.count, d.intermediate])
      bank.upBias = try floats(up, shape: [d.count, d.intermediate])
    } else if let name = d.gateUpBias {
      throw EngineError.missingTensor(name: name)
    }
    if let name = d.downBias {
      guard let down = stacks.downBias else { throw EngineError.missingTensor(name: name) }
      bank.downBias = try floats(down, shape: [d.count, d.hidden])
    }
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
    tensor.releasePages()
    var matrix = WeightMatrix(
      format: format, rows: count * outputs, columns: inputs,
      base: UnsafeRawPointer(memory.base), rowBytes: inputs * size)
    matrix.isOwned = true
    return matrix
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
    blocks.releasePages()
    scales.releasePages()
    var matrix = WeightMatrix(
      format: .mxfp4, rows: count * outputs, columns: inputs,
      base: UnsafeRawPointer(memory.base), rowBytes: rowBytes)
    matrix.isOwned = true
    return matrix
  }

  private func everySecond(_ values: Vector, from start: Int, _ purpose: String) throws -> Vector {
    let memory = try allocate(values.count * 2, purpose)
    for i in 0..<values.count / 2 { memory.floats[i] = values[2 * i + start] }
    return Vector(memory.floats, count: values.count / 2)
  }
}
