// The lightning indexer of DeepSeek sparse attention (DeepSeek-V3.2 2025, section 2.1): which keys a query attends to.

/// What an indexer is made of: a small attention whose scores only choose.
public struct IndexerDescription: Sendable, Hashable {
  /// What a query chooses among.
  public enum Keys: Sendable, Hashable {
    /// One key a position that all heads share: a projection to `dimension` elements and its norm.
    case positions(LinearDescription, norm: NormDescription)
    /// Summaries of several positions.
    case compressed(KeyCompressorDescription)
  }

  public var heads: Int
  public var dimension: Int
  /// Keys a query keeps.
  public var limit: Int
  /// From the low-rank query, `[heads * dimension, rank]`.
  public var query: LinearDescription
  public var keys: Keys
  /// Each head's weight, `[heads, hidden]`.
  public var weights: LinearDescription
  public var rotary: RotaryDescription
  /// Elements of queries and keys before the rotated ones.
  public var firstRotated = 0

  /// Floats its compressor keeps between batches.
  var stateFloats: Int {
    if case .compressed(let compressor) = keys { compressor.stateFloats } else { 0 }
  }

  /// Positions a key stands for.
  var period: Int {
    if case .compressed(let compressor) = keys { compressor.period } else { 1 }
  }

  public init(
    heads: Int, dimension: Int, limit: Int, query: LinearDescription, keys: Keys,
    weights: LinearDescription, rotary: RotaryDescription
  ) {
    self.heads = heads
    self.dimension = dimension
    self.limit = limit
    self.query = query
    self.keys = keys
    self.weights = weights
    self.rotary = rotary
  }
}

struct LightningIndexer: Sendable {
  private enum Keys {
    case positions(Linear, norm: Norm)
    case compressed(KeyCompressor)
  }

  let description: IndexerDescription
  private let query: Linear
  private let keys: Keys
  private let weights: Linear
  private let rotary: RotaryTable
  private let slot: Int
  /// Which of the slot's tables holds the keys.
  private let table: Int

  /// - Parameters:
  ///   - table: Which of the slot's tables holds the keys.
  ///   - state: Which of the slot's states a compressor of keys may use.
  init(
    _ d: IndexerDescription, slot: Int, table: Int, state: Int = 0, _ builder: ModelBuilder
  ) throws {
    description = d
    query = try builder.source.linear(d.query)
    keys =
      switch d.keys {
      case .positions(let key, let norm):
        .positions(try builder.source.linear(key), norm: try builder.source.norm(norm))
      case .compressed(let compressor):
        .compressed(
          try KeyCompressor(compressor, slot: slot, table: table, state: state, builder))
      }
    weights = try builder.source.linear(d.weights)
    rotary = try builder.rotaryTable(d.rotary)
    self.slot = slot
    self.table = table
    builder.reserveSelections(of: d.limit)
  }

  /// Chooses each row's keys and leaves the choice in ``ForwardPass/selection``. Ends with a barrier.
  ///
  /// - Parameters:
  ///   - x: The layer's input.
  ///   - low: The low-rank query.
  func forward(_ x: Activations, _ low: Activations, _ pass: ForwardPass, _ worker: Worker) {
    let d = description
    let mark = worker.arena.mark
    let n = pass.count
    let queries = worker.arena.take(rows: n, columns: d.heads * d.dimension)
    let weighing = worker.arena.take(rows: n, columns: d.heads)
    pass.project(query, low, into: queries, worker)
    pass.project(weights, x, into: weighing, worker)
    addKeys(x, pass, worker)
    for row in worker.share(of: n) { prepare(queries[row], weighing[row], row, pass) }
    worker.barrier()
    selectKeys(
      queries, weighing, heads: d.heads, slot: slot, table: table, period: d.period,
      limit: d.limit, pass, worker)
    worker.arena.release(to: mark)
  }

  /// Puts the batch's keys into the cache. Ends with a barrier, but for keys of this worker's own rows.
  private func addKeys(_ x: Activations, _ pass: ForwardPass, _ worker: Worker) {
    switch keys {
    case .compressed(let compressor):
      compressor.forward(x, pass, worker)
    case .positions(let linear, let norm):
      let projected = worker.arena.take(rows: pass.count, columns: linear.outputs)
      pass.project(linear, x, into: projected, worker)
      worker.barrier()
      for row in worker.share(of: pass.count) {
        let position = Int(pass.positions[row])
        let key = projected[row]
        norm.apply(key, into: key, count: linear.outputs, pass.kernels)
        rotary.rotate(key + description.firstRotated, position: position)
        pass.cache.rows(table, of: slot, sequence: Int(pass.sequences[row]))
          .store(key, at: position, pass.kernels)
      }
    }
  }

  /// Rotates queries, and takes the constant factors of a score into the weights: they are positive, so they pass
  /// through ReLU.
  private func prepare(
    _ query: UnsafeMutablePointer<Float>, _ weights: UnsafeMutablePointer<Float>, _ row: Int,
    _ pass: ForwardPass
  ) {
    let d = description
    let position = Int(pass.positions[row])
    for head in 0..<d.heads {
      rotary.rotate(query + head * d.dimension + d.firstRotated, position: position)
    }
    let factor = 1 / (Float(d.heads).squareRoot() * Float(d.dimension).squareRoot())
    pass.kernels.scale(weights, by: factor, d.heads)
  }
}
