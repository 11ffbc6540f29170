// The attention of DeepSeek-V4 (2026, section 2.3): one vector a position is key and value, distant ones compressed.

/// What a layer of it is made of.
public struct CompressedAttentionDescription: Sendable, Hashable {
  /// What a query sees beside the window before it.
  public enum Distant: Sendable, Hashable {
    case nothing
    /// Every entry of a compressor (heavily compressed attention).
    case all(KeyCompressorDescription)
    /// The entries an indexer chooses (compressed sparse attention).
    case indexed(KeyCompressorDescription, IndexerDescription)
  }

  public var heads: Int
  public var dimension: Int
  public var window: Int
  public var queryDown: LinearDescription
  public var queryNorm: NormDescription
  public var queryUp: LinearDescription
  /// Of the weightless norm of each head's query.
  public var headEpsilon: Float
  public var keyValue: LinearDescription
  public var keyValueNorm: NormDescription
  public var sinks: Parameter
  /// Groups of heads that are projected on their own: `[groups * rank, heads * dimension / groups]`.
  public var groups: Int
  public var groupOutput: LinearDescription
  /// `[hidden, groups * rank]`.
  public var output: LinearDescription
  /// Turns the last elements of queries and keys, and the mixture's back.
  public var rotary: RotaryDescription
  public var distant: Distant = .nothing

  public init(
    heads: Int, dimension: Int, window: Int, queryDown: LinearDescription,
    queryNorm: NormDescription, queryUp: LinearDescription, headEpsilon: Float,
    keyValue: LinearDescription, keyValueNorm: NormDescription, sinks: Parameter, groups: Int,
    groupOutput: LinearDescription, output: LinearDescription, rotary: RotaryDescription
  ) {
    self.heads = heads
    self.dimension = dimension
    self.window = window
    self.queryDown = queryDown
    self.queryNorm = queryNorm
    self.queryUp = queryUp
    self.headEpsilon = headEpsilon
    self.keyValue = keyValue
    self.keyValueNorm = keyValueNorm
    self.sinks = sinks
    self.groups = groups
    self.groupOutput = groupOutput
    self.output = output
    self.rotary = rotary
  }
}

struct CompressedAttention: Mixer {
  private let description: CompressedAttentionDescription
  private let queryDown: Linear
  private let queryNorm: Norm
  private let queryUp: Linear
  private let headNorm: Norm
  private let keyValue: Linear
  private let keyValueNorm: Norm
  private let groupOutput: Linear
  private let output: Linear
  private let core: AttentionCore
  private let rotary: RotaryTable
  private let compressor: KeyCompressor?
  private let indexer: LightningIndexer?
  private let further: FurtherKeys?
  private let slot: Int

  static func cacheShape(_ d: CompressedAttentionDescription) -> CacheShape {
    let near = CacheTable(width: d.dimension, visibility: .window(d.window))
    return switch d.distant {
    case .nothing:
      CacheShape(tables: [near])
    case .all(let compressor):
      CacheShape(
        tables: [near, CacheTable(width: compressor.dimension, period: compressor.period)],
        states: [compressor.stateFloats])
    case .indexed(let compressor, let indexer):
      CacheShape(
        tables: [
          near,
          CacheTable(
            width: compressor.dimension, period: compressor.period, limit: indexer.limit),
          CacheTable(width: indexer.dimension, period: indexer.period, mayBeHalf: false),
        ],
        states: [compressor.stateFloats, indexer.stateFloats])
    }
  }

  init(_ d: CompressedAttentionDescription, slot: Int, _ builder: ModelBuilder) throws {
    description = d
    self.slot = slot
    let source = builder.source
    queryDown = try source.linear(d.queryDown)
    queryNorm = try source.norm(d.queryNorm)
    queryUp = try source.linear(d.queryUp)
    headNorm = .rms(weight: nil, offset: 0, epsilon: d.headEpsilon)
    keyValue = try source.linear(d.keyValue)
    keyValueNorm = try source.norm(d.keyValueNorm)
    var groupOutput = d.groupOutput
    groupOutput.weight.rowGroup = groupOutput.outputs / d.groups
    self.groupOutput = try source.linear(groupOutput)
    output = try source.linear(d.output)
    core = AttentionCore(
      heads: d.heads, keyHeads: 1, keyDimension: d.dimension, valueDimension: d.dimension,
      scale: 1 / Float(d.dimension).squareRoot(), visibility: .window(d.window),
      sinks: try source.vector(d.sinks), slot: slot, keyTable: 0, valueTable: 0)
    rotary = try builder.rotaryTable(d.rotary)
    switch d.distant {
    case .nothing:
      (compressor, indexer, further) = (nil, nil, nil)
    case .all(let keys):
      compressor = try KeyCompressor(keys, slot: slot, table: 1, state: 0, builder)
      indexer = nil
      further = FurtherKeys(slot: slot, table: 1, period: keys.period, limit: nil)
    case .indexed(let keys, let index):
      compressor = try KeyCompressor(keys, slot: slot, table: 1, state: 0, builder)
      indexer = try LightningIndexer(index, slot: slot, table: 2, state: 1, builder)
      further = FurtherKeys(slot: slot, table: 1, period: keys.period, limit: index.limit)
    }
  }

  func forward(_ x: Activations, into out: Matrix, _ pass: ForwardPass, _ worker: Worker) {
    let d = description
    let mark = worker.arena.mark
    let n = pass.count
    let low = pass.takeActivations(rows: n, columns: queryDown.outputs, worker)
    let keys = worker.arena.take(rows: n, columns: d.dimension)
    let queries = worker.arena.take(rows: n, columns: d.heads * d.dimension)
    let mixed = pass.takeActivations(rows: n, columns: d.heads * d.dimension, worker)
    pass.project(queryDown, x, into: low.values, worker)
    pass.project(keyValue, x, into: keys, worker)
    worker.barrier()
    pass.normalize(low.values, queryNorm, into: low, worker)
    pass.project(queryUp, low, into: queries, worker)
    compressor?.forward(x, pass, worker)
    indexer?.forward(x, low, pass, worker)
    worker.barrier()
    for row in worker.share(of: n) { prepare(queries[row], keys[row], row, pass) }
    worker.barrier()
    core.attend(queries, further: further, into: mixed, pass, worker) { row, heads in
      turnBack(mixed.values[row], heads, position: Int(pass.positions[row]))
    }
    project(mixed, into: out, pass, worker)
    worker.arena.release(to: mark)
  }

  private var firstRotated: Int { description.dimension - rotary.description.dimension }

  /// Normalises and rotates one row's queries and its key, and puts the key into the cache.
  private func prepare(
    _ query: UnsafeMutablePointer<Float>, _ key: UnsafeMutablePointer<Float>, _ row: Int,
    _ pass: ForwardPass
  ) {
    let d = description
    let position = Int(pass.positions[row])
    for head in 0..<d.heads {
      let part = query + head * d.dimension
      headNorm.apply(part, into: part, count: d.dimension, pass.kernels)
      rotary.rotate(part + firstRotated, position: position)
    }
    keyValueNorm.apply(key, into: key, count: d.dimension, pass.kernels)
    rotary.rotate(key + firstRotated, position: position)
    pass.cache.rows(0, of: slot, sequence: Int(pass.sequences[row]))
      .store(key, at: position, pass.kernels)
  }

  /// Values were rotated with the keys they are: turning the mixture back by the query's position leaves distances.
  private func turnBack(
    _ mixed: UnsafeMutablePointer<Float>, _ heads: Range<Int>, position: Int
  ) {
    for head in heads {
      rotary.rotate(
        mixed + head * description.dimension + firstRotated, position: position, inverse: true)
    }
  }

  /// Each group of heads through its own block of rows, then all together. Ends with a barrier.
  private func project(
    _ mixed: Activations, into out: Matrix, _ pass: ForwardPass, _ worker: Worker
  ) {
    let groups = description.groups
    let rank = groupOutput.outputs / groups
    let width = mixed.values.columns / groups
    let ranked = pass.takeActivations(rows: pass.count, columns: groupOutput.outputs, worker)
    worker.claim(groups, by: 1) { range in
      for group in range {
        pass.multiply(
          groupOutput.weight, rows: (group * rank)..<((group + 1) * rank),
          mixed.columns((group * width)..<((group + 1) * width)), tokens: pass.count,
          into: ranked.values.base + group * rank, stride: ranked.values.stride, worker)
      }
    }
    worker.barrier()
    for row in worker.share(of: pass.count) { pass.seal(ranked, row: row) }
    worker.barrier()
    pass.project(output, ranked, into: out, worker)
    worker.barrier()
  }
}
