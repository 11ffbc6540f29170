// Grouped-query attention (Ainslie et al. 2023) with the switches open-weights families add to it.

/// What a grouped-query attention layer is made of.
public struct GroupedQueryAttentionDescription: Sendable, Hashable {
  /// Normalisation of queries and keys.
  public enum QueryKeyNorm: Sendable, Hashable {
    case none
    /// Over each head, before the rotation.
    case perHead(query: NormDescription, key: NormDescription)
    /// Over each head, after the rotation.
    case perHeadAfterRotation(query: NormDescription, key: NormDescription)
    /// Over the whole projection, before it is cut into heads.
    case whole(query: NormDescription, key: NormDescription)
    /// Over each head, after the rotation, without weights.
    case weightless(epsilon: Float)
  }

  /// Queries of layers without rotation grow with their position (Llama 4).
  public struct Temperature: Sendable, Hashable {
    public var scale: Float
    public var floor: Float

    public init(scale: Float, floor: Float) {
      self.scale = scale
      self.floor = floor
    }
  }

  public var heads: Int
  public var keyHeads: Int
  public var headDimension: Int
  public var valueDimension: Int
  public var query: LinearDescription
  public var key: LinearDescription
  public var value: LinearDescription
  public var output: LinearDescription
  /// Each head's query rows are followed by as many gate rows: the output is multiplied with their sigmoid.
  public var isGated = false
  public var norm: QueryKeyNorm = .none
  public var rotary: RotaryDescription?
  public var visibility: Visibility = .causal
  public var scale: Float
  /// Bound on the absolute value of queries, keys and values.
  public var clip: Float?
  /// One logit a head, `[heads]`.
  public var sinks: Parameter?
  public var valueScale: Float = 1
  public var temperature: Temperature?

  public init(
    heads: Int, keyHeads: Int, headDimension: Int, valueDimension: Int? = nil,
    query: LinearDescription, key: LinearDescription, value: LinearDescription,
    output: LinearDescription
  ) {
    self.heads = heads
    self.keyHeads = keyHeads
    self.headDimension = headDimension
    self.valueDimension = valueDimension ?? headDimension
    self.query = query
    self.key = key
    self.value = value
    self.output = output
    scale = 1 / Float(headDimension).squareRoot()
  }
}

struct GroupedQueryAttention: Mixer {
  private enum HeadNorm {
    case none
    case perHead(Norm, Norm, afterRotation: Bool)
    case whole(Norm, Norm)
  }

  let description: GroupedQueryAttentionDescription
  private let query: Linear
  private let key: Linear
  private let value: Linear
  private let output: Linear
  private let norm: HeadNorm
  private let core: AttentionCore
  private let rotary: RotaryTable?
  private let slot: Int

  static func cacheShape(_ d: GroupedQueryAttentionDescription) -> CacheShape {
    CacheShape(
      tables: [d.headDimension, d.valueDimension].map {
        CacheTable(heads: d.keyHeads, width: $0, visibility: d.visibility)
      })
  }

  init(_ d: GroupedQueryAttentionDescription, slot: Int, _ builder: ModelBuilder) throws {
    description = d
    let source = builder.source
    query = try source.linear(d.query)
    key = try source.linear(d.key)
    value = try source.linear(d.value)
    output = try source.linear(d.output)
    norm =
      switch d.norm {
      case .none: .none
      case .perHead(let q, let k):
        .perHead(try source.norm(q), try source.norm(k), afterRotation: false)
      case .perHeadAfterRotation(let q, let k):
        .perHead(try source.norm(q), try source.norm(k), afterRotation: true)
      case .whole(let q, let k): .whole(try source.norm(q), try source.norm(k))
      case .weightless(let epsilon):
        .perHead(
          .rms(weight: nil, offset: 0, epsilon: epsilon),
          .rms(weight: nil, offset: 0, epsilon: epsilon), afterRotation: true)
      }
    core = AttentionCore(
      heads: d.heads, keyHeads: d.keyHeads, keyDimension: d.headDimension,
      valueDimension: d.valueDimension, scale: d.scale, visibility: d.visibility,
      sinks: try d.sinks.map(source.vector), slot: slot, keyTable: 0, valueTable: 1)
    rotary = try d.rotary.map(builder.rotaryTable)
    self.slot = slot
  }

  func forward(_ x: Activations, into out: Matrix, _ pass: ForwardPass, _ worker: Worker) {
    let d = description
    let mark = worker.arena.mark
    let n = pass.count
    let projected = worker.arena.take(rows: n, columns: query.outputs)
    let queries =
      d.isGated ? worker.arena.take(rows: n, columns: d.heads * d.headDimension) : projected
    let keys = worker.arena.take(rows: n, columns: key.outputs)
    let values = worker.arena.take(rows: n, columns: value.outputs)
    let mixed = pass.takeActivations(rows: n, columns: d.heads * d.valueDimension, worker)
    pass.project((query, projected), (key, keys), (value, values), x, worker)
    worker.barrier()
    for row in worker.share(of: n) {
      if d.isGated { separateQueries(projected[row], into: queries[row]) }
      prepare(queries[row], keys[row], values[row], row, pass)
    }
    worker.barrier()
    core.attend(queries, into: mixed, pass, worker) { row, heads in
      if d.isGated { gate(mixed.values[row], by: projected[row], heads, pass.kernels) }
    }
    pass.project(output, mixed, into: out, worker)
    worker.barrier()
    worker.arena.release(to: mark)
  }

  /// Clips, normalises and rotates one row's query and key, and puts key and value into the cache.
  private func prepare(
    _ query: UnsafeMutablePointer<Float>, _ key: UnsafeMutablePointer<Float>,
    _ value: UnsafeMutablePointer<Float>, _ row: Int, _ pass: ForwardPass
  ) {
    let d = description
    let position = Int(pass.positions[row])
    let keyWidth = d.keyHeads * d.headDimension
    let valueWidth = d.keyHeads * d.valueDimension
    if case .whole(let q, let k) = norm {
      q.apply(query, into: query, count: d.heads * d.headDimension, pass.kernels)
      k.apply(key, into: key, count: keyWidth, pass.kernels)
    }
    if let clip = d.clip {
      for i in 0..<(d.heads * d.headDimension) { query[i] = min(max(query[i], -clip), clip) }
      for i in 0..<keyWidth { key[i] = min(max(key[i], -clip), clip) }
      for i in 0..<valueWidth { value[i] = min(max(value[i], -clip), clip) }
    }
    for head in 0..<d.heads {
      prepareHead(query + head * d.headDimension, isQuery: true, position, pass.kernels)
    }
    for head in 0..<d.keyHeads {
      prepareHead(key + head * d.headDimension, isQuery: false, position, pass.kernels)
    }
    if let temperature = d.temperature {
      let steps = (Float(position + 1) / temperature.floor).rounded(.down)
      let factor = 1 + temperature.scale * naturalLogarithm(1 + steps)
      pass.kernels.scale(query, by: factor, d.heads * d.headDimension)
    }
    if d.valueScale != 1 { pass.kernels.scale(value, by: d.valueScale, valueWidth) }
    let sequence = Int(pass.sequences[row])
    for head in 0..<d.keyHeads {
      pass.cache.rows(0, head: head, of: slot, sequence: sequence)
        .store(key + head * d.headDimension, at: position, pass.kernels)
      pass.cache.rows(1, head: head, of: slot, sequence: sequence)
        .store(value + head * d.valueDimension, at: position, pass.kernels)
    }
  }

  @inline(__always)
  private func prepareHead(
    _ x: UnsafeMutablePointer<Float>, isQuery: Bool, _ position: Int, _ kernels: Kernels
  ) {
    if case .perHead(let q, let k, false) = norm {
      (isQuery ? q : k).apply(x, into: x, count: description.headDimension, kernels)
    }
    rotary?.rotate(x, position: position)
    if case .perHead(let q, let k, true) = norm {
      (isQuery ? q : k).apply(x, into: x, count: description.headDimension, kernels)
    }
  }

  /// Gated projections hold, head by head, a query and then its gate.
  private func separateQueries(
    _ projected: UnsafeMutablePointer<Float>, into queries: UnsafeMutablePointer<Float>
  ) {
    let d = description.headDimension
    for head in 0..<description.heads {
      (queries + head * d).update(from: projected + 2 * head * d, count: d)
    }
  }

  private func gate(
    _ mixed: UnsafeMutablePointer<Float>, by projected: UnsafeMutablePointer<Float>,
    _ heads: Range<Int>, _ kernels: Kernels
  ) {
    let d = description.headDimension
    for head in heads {
      let gate = projected + (2 * head + 1) * d
      kernels.sigmoid(gate, d)
      for i in 0..<d { mixed[head * d + i] *= gate[i] }
    }
  }
}
