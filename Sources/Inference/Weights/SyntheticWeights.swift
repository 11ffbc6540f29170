// Weights of a model's true shape from a seed: as much to read and to compute as the real ones.

import Dispatch
import StrictJSON

/// Generates weights in memory, in parallel, the same for the same seed whatever the number of threads.
///
/// A matrix is put together from a pool of blocks, each a stretch of normal variables stored in the matrix's own
/// format by the format's own quantiser. So every format comes at memory speed, with the value distribution that real
/// weights of that scale would have; no two rows are alike, though blocks recur.
public final class SyntheticWeights: WeightSource {
  public let format: WeightFormat
  public let seed: UInt64
  /// Bytes generated so far.
  public private(set) var byteCount = 0
  private var memories: [Memory] = []
  private var pools: [PoolKey: BlockPool] = [:]

  private struct PoolKey: Hashable {
    let format: WeightFormat
    let deviation: Float
  }

  public init(format: WeightFormat, seed: UInt64) {
    self.format = format
    self.seed = seed
  }

  public func matrix(_ parameter: Parameter) throws -> WeightMatrix {
    let format = parameter.storedFormat(asking: format)
    guard let rowBytes = format.rowBytes(parameter.columns) else {
      throw EngineError.tensorShape(
        name: parameter.name, found: [parameter.rows, parameter.columns],
        expected: [parameter.rows, format.blockSize])
    }
    let memory = try allocate(parameter.rows * rowBytes, parameter.name)
    let gain: Float = if case .fanIn(let gain) = parameter.distribution { gain } else { 1 }
    try fill(
      memory.base, rows: parameter.rows, columns: parameter.columns, format: format, gain: gain,
      key: seedKey(parameter.name))
    var matrix = WeightMatrix(
      format: format, rows: parameter.rows, columns: parameter.columns,
      base: UnsafeRawPointer(memory.base), rowBytes: rowBytes)
    matrix.isOwned = true
    return matrix
  }

  public func vector(_ parameter: Parameter) throws -> Vector {
    let memory = try allocate(parameter.count * 4, parameter.name)
    var generator = SplitMix64(seed: seedKey(parameter.name))
    for i in 0..<parameter.count {
      memory.floats[i] =
        switch parameter.distribution {
        case .constant(let value): value
        case .uniform(let low, let high): low + (high - low) * Float(generator.unit())
        case .logUniform(let low, let high):
          naturalLogarithm(low + (high - low) * Float(generator.unit()))
        case .fanIn(let gain): generator.normal() * gain
        }
    }
    return Vector(memory.floats, count: parameter.count)
  }

  public func experts(_ d: ExpertsDescription) throws -> ExpertBank {
    let name = d.layout.firstName
    let wide = try bank(d.count, rows: d.intermediate, columns: d.hidden, name + "#gate")
    let other = try bank(d.count, rows: d.intermediate, columns: d.hidden, name + "#up")
    let tall = try bank(d.count, rows: d.hidden, columns: d.intermediate, name + "#down")
    var bank = ExpertBank(gate: wide, up: other, down: tall)
    if d.gateUpBias != nil {
      bank.gateBias = try bias(name + "#gate_bias", d.count * d.intermediate)
      bank.upBias = try bias(name + "#up_bias", d.count * d.intermediate)
    }
    if d.downBias != nil { bank.downBias = try bias(name + "#down_bias", d.count * d.hidden) }
    return bank
  }

  private func bias(_ name: String, _ count: Int) throws -> Vector {
    try vector(
      Parameter(
        vector: name, count: count, role: .routedExpert, distribution: .uniform(-0.02, 0.02)))
  }

  private func bank(_ count: Int, rows: Int, columns: Int, _ name: String) throws -> [WeightMatrix]
  {
    var parameter = Parameter(
      matrix: name, rows: count * rows, columns: columns, role: .routedExpert)
    parameter.rows = count * rows
    let all = try matrix(parameter)
    return (0..<count).map { all.rows(($0 * rows)..<(($0 + 1) * rows)) }
  }

  public func expertTable(
    _ name: String, vocabulary: Int, expertsPerToken: Int, experts: Int
  ) throws -> [Int32] {
    var generator = SplitMix64(seed: seedKey(name))
    var table: [Int32] = []
    table.reserveCapacity(vocabulary * expertsPerToken)
    for _ in 0..<vocabulary {
      var row: [Int32] = []
      while row.count < expertsPerToken {
        let expert = Int32(truncatingIfNeeded: generator.next() % UInt64(experts))
        if !row.contains(expert) { row.append(expert) }
      }
      table += row
    }
    return table
  }

  private func allocate(_ bytes: Int, _ purpose: String) throws(EngineError) -> Memory {
    let memory = try Memory(byteCount: bytes, purpose: purpose)
    memories.append(memory)
    byteCount += bytes
    return memory
  }

  /// Fingerprint of the name, stirred into the seed: weights do not depend on the order they are asked for.
  private func seedKey(_ name: String) -> UInt64 {
    Fingerprint.of(Array(name.utf8)) ^ seed &* 0x9E37_79B9_7F4A_7C15
  }

  private func fill(
    _ base: UnsafeMutableRawPointer, rows: Int, columns: Int, format: WeightFormat, gain: Float,
    key: UInt64
  ) throws {
    let deviation = gain / Float(columns).squareRoot()
    let poolKey = PoolKey(format: format, deviation: deviation)
    let pool: BlockPool
    if let known = pools[poolKey] {
      pool = known
    } else {
      pool = try BlockPool(format: format, deviation: deviation, seed: seed)
      pools[poolKey] = pool
    }
    let total = rows * columns / format.blockSize * format.blockBytes
    // Pieces end where blocks end: a multiple of every pool's unit.
    let piece = pool.unitBytes << 14
    let pieces = (total + piece - 1) / piece
    let target = SharedMutableBytes(base)
    DispatchQueue.concurrentPerform(iterations: pieces) { index in
      let start = index * piece
      pool.fill(
        target.base + start, bytes: min(piece, total - start),
        seed: key &+ UInt64(index) &* 0xA24B_AED4_963E_E407)
    }
  }
}

/// Blocks of normal variables, stored in one format.
private final class BlockPool: @unchecked Sendable {
  private static let count = 4096
  /// Bytes of one block of the pool: a block of the format, or 32 plain numbers.
  let unitBytes: Int
  private let memory: Memory

  init(format: WeightFormat, deviation: Float, seed: UInt64) throws {
    let values = max(format.blockSize, 32)
    unitBytes = values / format.blockSize * format.blockBytes
    memory = try Memory(byteCount: Self.count * unitBytes, purpose: "a pool of weight blocks")
    var generator = SplitMix64(seed: seed)
    var floats = [Float](repeating: 0, count: values)
    for block in 0..<Self.count {
      for i in 0..<values { floats[i] = generator.normal() * deviation }
      guard format.quantize(floats, values, into: memory.base + block * unitBytes) else {
        throw EngineError.usage("synthetic weights cannot be made in \(format.rawValue)")
      }
    }
  }

  func fill(_ out: UnsafeMutableRawPointer, bytes: Int, seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    var filled = 0
    while filled < bytes {
      // Five block numbers of twelve bits from one draw.
      var draw = generator.next()
      for _ in 0..<5 where filled < bytes {
        let size = min(unitBytes, bytes - filled)
        (out + filled).copyMemory(
          from: memory.base + Int(draw & 4095) * unitBytes, byteCount: size)
        draw >>= 12
        filled += size
      }
    }
  }
}

extension ExpertsDescription.Layout {
  /// The name that identifies the layer's experts.
  var firstName: String {
    switch self {
    case .separate(let gate, _, _): gate
    case .fused(let gateUp, _), .transposed(let gateUp, _, _): gateUp
    case .mxfp4(let blocks, _, _, _): blocks
    }
  }
}
