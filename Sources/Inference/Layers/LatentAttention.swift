// Multi-head latent attention (DeepSeek-V2 2024, section 2.1) in absorbed form: the cache holds latents, not heads.

/// What a multi-head latent attention layer is made of.
public struct LatentAttentionDescription: Sendable, Hashable {
  /// From the layer's input to the queries of all heads.
  public enum Query: Sendable, Hashable {
    case direct(LinearDescription)
    /// Through a normalised vector of low rank.
    case lowRank(down: LinearDescription, norm: NormDescription, up: LinearDescription)
  }

  /// Which of the visible positions a layer attends to.
  public enum Selection: Sendable, Hashable {
    case all
    /// Those its own indexer chooses; needs a low-rank query.
    case indexed(IndexerDescription)
    /// Those the last indexer before it chose.
    case shared(limit: Int)
  }

  public var heads: Int
  /// Elements of a head's query and key that are not rotated.
  public var unrotated: Int
  /// Elements that are; all heads share these of the key.
  public var rotated: Int
  public var valueDimension: Int
  /// Elements of the latent that keys and values are made from.
  public var latent: Int
  public var query: Query
  /// `[latent + rotated, hidden]`.
  public var compression: LinearDescription
  public var latentNorm: NormDescription
  /// From the latent to each head's keys and values: head after head, `unrotated` key rows and then `valueDimension`
  /// value rows of `latent` columns.
  public var expansion: Parameter
  public var output: LinearDescription
  /// nil: no element is rotated (Kimi Linear).
  public var rotary: RotaryDescription?
  /// Multiplies the scores.
  public var scale: Float
  /// Multiplies the normalised latent (LongCat-Flash).
  public var latentScale: Float = 1
  public var selection: Selection = .all

  public init(
    heads: Int, unrotated: Int, rotated: Int, valueDimension: Int, latent: Int, query: Query,
    compression: LinearDescription, latentNorm: NormDescription, expansion: Parameter,
    output: LinearDescription
  ) {
    self.heads = heads
    self.unrotated = unrotated
    self.rotated = rotated
    self.valueDimension = valueDimension
    self.latent = latent
    self.query = query
    self.compression = compression
    self.latentNorm = latentNorm
    self.expansion = expansion
    self.output = output
    scale = 1 / Float(unrotated + rotated).squareRoot()
  }
}

/// Multi-head latent attention. A head's key and value are linear in the latent, so the key's matrix is moved to the
/// query and the value's matrix to the mixture: scores and mixtures are computed on latents that all heads share.
struct LatentAttention: Mixer {
  private enum Query {
    case direct(Linear)
    case lowRank(down: Linear, norm: Norm, up: Linear)
  }

  let description: LatentAttentionDescription
  private let query: Query
  private let compression: Linear
  private let latentNorm: Norm
  private let expansion: LatentExpansion
  private let output: Linear
  private let core: AttentionCore
  private let rotary: RotaryTable?
  private let indexer: LightningIndexer?
  /// Keys a query keeps; nil where it attends to all.
  private let limit: Int?
  private let slot: Int

  static func cacheShape(_ d: LatentAttentionDescription) -> CacheShape {
    let width = d.latent + d.rotated
    return switch d.selection {
    case .all: CacheShape(tables: [CacheTable(width: width)])
    case .indexed(let indexer):
      CacheShape(
        tables: [
          CacheTable(width: width, limit: indexer.limit),
          CacheTable(width: indexer.dimension, mayBeHalf: false),
        ])
    case .shared(let limit): CacheShape(tables: [CacheTable(width: width, limit: limit)])
    }
  }

  init(_ d: LatentAttentionDescription, slot: Int, _ builder: ModelBuilder) throws {
    description = d
    let source = builder.source
    query =
      switch d.query {
      case .direct(let linear): .direct(try source.linear(linear))
      case .lowRank(let down, let norm, let up):
        .lowRank(
          down: try source.linear(down), norm: try source.norm(norm), up: try source.linear(up))
      }
    compression = try source.linear(d.compression)
    latentNorm = try source.norm(d.latentNorm)
    expansion = try LatentExpansion(d, source)
    output = try source.linear(d.output)
    core = AttentionCore(
      heads: d.heads, keyHeads: 1, keyDimension: d.latent + d.rotated, valueDimension: d.latent,
      scale: d.scale, visibility: .causal, slot: slot, keyTable: 0, valueTable: 0)
    rotary = try d.rotary.map(builder.rotaryTable)
    switch d.selection {
    case .all: (indexer, limit) = (nil, nil)
    case .indexed(let index):
      indexer = try LightningIndexer(index, slot: slot, table: 1, builder)
      limit = index.limit
    case .shared(let shared): (indexer, limit) = (nil, shared)
    }
    self.slot = slot
  }

  func forward(_ x: Activations, into out: Matrix, _ pass: ForwardPass, _ worker: Worker) {
    let d = description
    let mark = worker.arena.mark
    let n = pass.count
    let queries = worker.arena.take(rows: n, columns: d.heads * core.keyDimension)
    let mixtures = pass.takeActivations(rows: n, columns: d.heads * d.latent, worker)
    let mixed = pass.takeActivations(rows: n, columns: d.heads * d.valueDimension, worker)
    let projected = projectQueries(x, pass, worker)
    for row in worker.share(of: n) { rotateQueries(projected[row], into: queries[row], row, pass) }
    expansion.absorbKeys(projected, into: queries, pass, worker)
    worker.barrier()
    core.attend(
      queries, selection: limit.flatMap(pass.selection), into: mixtures, pass, worker)
    expansion.expandValues(mixtures, into: mixed.values, pass, worker)
    worker.barrier()
    for row in worker.share(of: n) { pass.seal(mixed, row: row) }
    worker.barrier()
    pass.project(output, mixed, into: out, worker)
    worker.barrier()
    worker.arena.release(to: mark)
  }

  /// `[rows, heads * (unrotated + rotated)]`; on the way the batch's latents go to the cache. Ends with a barrier.
  private func projectQueries(_ x: Activations, _ pass: ForwardPass, _ worker: Worker) -> Matrix {
    let d = description
    let n = pass.count
    let projected = worker.arena.take(
      rows: n, columns: d.heads * (d.unrotated + d.rotated))
    let compressed = worker.arena.take(rows: n, columns: d.latent + d.rotated)
    pass.project(compression, x, into: compressed, worker)
    switch query {
    case .direct(let linear):
      pass.project(linear, x, into: projected, worker)
      worker.barrier()
      for row in worker.share(of: n) { keep(compressed[row], row, pass) }
    case .lowRank(let down, let norm, let up):
      let low = pass.takeActivations(rows: n, columns: down.outputs, worker)
      pass.project(down, x, into: low.values, worker)
      worker.barrier()
      for row in worker.share(of: n) { keep(compressed[row], row, pass) }
      pass.normalize(low.values, norm, into: low, worker)
      pass.project(up, low, into: projected, worker)
      indexer?.forward(x, low, pass, worker)
      worker.barrier()
    }
    return projected
  }

  /// Normalises a latent, rotates the shared part of the key, and puts both into the cache.
  private func keep(_ compressed: UnsafeMutablePointer<Float>, _ row: Int, _ pass: ForwardPass) {
    let d = description
    let position = Int(pass.positions[row])
    latentNorm.apply(compressed, into: compressed, count: d.latent, pass.kernels)
    if d.latentScale != 1 { pass.kernels.scale(compressed, by: d.latentScale, d.latent) }
    rotary?.rotate(compressed + d.latent, position: position)
    pass.cache.rows(0, of: slot, sequence: Int(pass.sequences[row]))
      .store(compressed, at: position, pass.kernels)
  }

  /// Puts each head's rotated elements behind where its absorbed ones go.
  private func rotateQueries(
    _ projected: UnsafeMutablePointer<Float>, into queries: UnsafeMutablePointer<Float>, _ row: Int,
    _ pass: ForwardPass
  ) {
    let d = description
    let position = Int(pass.positions[row])
    for head in 0..<d.heads {
      let target = queries + head * core.keyDimension + d.latent
      target.update(
        from: projected + head * (d.unrotated + d.rotated) + d.unrotated, count: d.rotated)
      rotary?.rotate(target, position: position)
    }
  }
}
