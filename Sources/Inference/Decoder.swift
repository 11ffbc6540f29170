// Runs a model: embedding, layers, final norm, head.

import Synchronization

/// How a decoder is set up.
public struct DecoderOptions: Sendable {
  /// Workers, at least 1.
  public var threads: Int
  /// Sequences the cache holds.
  public var sequences: Int
  /// Positions each sequence can hold.
  public var positions: Int
  /// Rows of the largest batch.
  public var batch: Int
  /// Multiply quantised weights with float activations instead of 8-bit ones.
  public var exact: Bool
  /// Instruction set by name; nil for the best.
  public var instructionSet: String?
  /// What keys and values are stored in; nil: halves, but floats where most weights are floats or the pass is exact.
  public var cacheFormat: CacheFormat?

  public init(
    threads: Int = 1, sequences: Int = 1, positions: Int = 4096, batch: Int = 512,
    exact: Bool = false, instructionSet: String? = nil, cacheFormat: CacheFormat? = nil
  ) {
    self.threads = threads
    self.sequences = sequences
    self.positions = positions
    self.batch = batch
    self.exact = exact
    self.instructionSet = instructionSet
    self.cacheFormat = cacheFormat
  }

  fileprivate func cacheFormat(for weights: WeightFormat) -> CacheFormat {
    cacheFormat ?? (exact ? .f32 : CacheFormat(for: weights))
  }
}

/// A model ready to run, with its cache, its workers and one arena for all activations.
///
/// A forward pass allocates nothing. A decoder is used from one thread at a time.
public final class Decoder {
  public let description: ModelDescription
  public let options: DecoderOptions
  public let kernels: Kernels
  public let cache: Cache
  public let routing: RoutingRecorder
  /// Bytes of all weights.
  public let weightBytes: WeightBytes
  /// Where they lie.
  public let weightMemory: WeightMemory
  /// What each layer reads, for accounts by layer.
  public let layerFootprints: [LayerFootprint]
  /// Called by one worker where the layer of this index begins, and with the number of layers after the last; for
  /// timing layers. It runs within the pass, so it must not allocate.
  public var layerBoundary: ((Int) -> Void)?
  /// Asked where a layer begins: a pass of many tokens takes seconds, and ends there with ``EngineError/interrupted``.
  public var isCancelled: (() -> Bool)?
  /// Layers that the pass goes through, or one's complement of the layer it stops before.
  private let progress = Atomic<Int>(0)
  private let source: any WeightSource
  private var pool: WorkerPool
  /// Passes of pools before this one.
  private var earlierPasses = (all: 0, narrowed: 0)
  private let arena: Memory
  private let pass: ForwardPass
  private let embedding: WeightMatrix
  private let layers: [any Layer]
  private let streamHead: HyperConnection?
  private let finalNorm: Norm
  private let head: Linear
  private let logits: Memory
  private var stream: Matrix
  /// The residual stream of the current pass, `[rows, streams * hidden]`: with one worker and at a ``layerBoundary``,
  /// what the layer before left.
  package var residualStream: Matrix { stream.rows(0..<pass.count) }

  /// - Parameter source: Gives the weights and keeps their memory alive.
  public init(
    _ description: ModelDescription, weights source: any WeightSource, options: DecoderOptions
  ) throws {
    _ = BLAS.singleThreaded
    self.description = description
    self.options = options
    kernels = try Kernels(named: options.instructionSet)
    let packed = options.exact ? nil : PackedWeights(source)
    let tally = WeightTally(packed ?? source)
    let builder = ModelBuilder(source: tally, positions: options.positions)
    embedding = try tally.matrix(description.embedding)
    var footprints: [LayerFootprint] = []
    layers = try description.layers.enumerated().map { index, layer in
      let before = (tally.bytes.shared, builder.cacheShapes.count)
      let built = try builder.layer(layer, index: index)
      footprints.append(
        LayerFootprint(
          sharedWeightBytes: tally.bytes.shared - before.0,
          mixers: before.1..<builder.cacheShapes.count))
      return built
    }
    layerFootprints = footprints
    streamHead = try description.streams.map { try HyperConnection($0, tally) }
    finalNorm = try tally.norm(description.finalNorm)
    head =
      try description.head.map(tally.linear)
      ?? Linear(
        weight: embedding, bias: try description.tiedHeadBias.map(source.vector))
    packed?.releaseCopied()
    weightBytes = tally.bytes
    self.source = packed ?? source
    weightMemory = tally.memory.owned(by: self.source)
    cache = try Cache(
      shapes: builder.cacheShapes, sequences: options.sequences, capacity: options.positions,
      batch: options.batch, format: options.cacheFormat(for: tally.bytes.predominantFormat))
    routing = RoutingRecorder(shapes: builder.mixtures)
    pass = try ForwardPass(
      capacity: options.batch, kernels: kernels, exact: options.exact, cache: cache,
      selectionLimit: builder.selectionLimit)
    pass.routing = routing
    // Address space, not memory: a pass touches what its batch needs.
    arena = try Memory(byteCount: 1 << 36, purpose: "activations", reserveOnly: true)
    pool = try WorkerPool(threads: options.threads, arena: arena, localBytes: Self.localBytes)
    logits = try Memory(
      byteCount: options.batch * description.vocabulary * 4, purpose: "next-token scores",
      reserveOnly: true)
    let width = description.hidden * (description.streams?.streams ?? 1)
    let streams = try Memory(
      byteCount: options.batch * width * 4, purpose: "the residual stream")
    stream = Matrix(streams.floats, rows: options.batch, columns: width)
    streamMemory = streams
  }

  private let streamMemory: Memory
  /// A pass of fewer takes the time of reading the weights.
  private static let fewTokens = 32
  /// Address space for what each worker keeps to itself.
  private static let localBytes = 1 << 34

  /// Workers from the next pass on.
  public func setThreads(_ count: Int) throws(EngineError) {
    guard count != pool.count else { return }
    earlierPasses = passes
    pool = try WorkerPool(threads: count, arena: arena, localBytes: Self.localBytes)
  }

  /// Passes so far, and those of them that ran on fewer threads than asked for, which got no processors.
  public var passes: (all: Int, narrowed: Int) {
    (earlierPasses.all + pool.runs.all, earlierPasses.narrowed + pool.runs.narrowed)
  }

  /// Replaces the routers' choices, or gives them back.
  public func forceRouting(_ distribution: RoutingDistribution?, seed: UInt64) {
    pass.forcedRouting = distribution.map {
      ForcedRouting($0, shapes: routing.shapes, seed: seed)
    }
  }

  /// Feeds tokens that continue the given sequences and returns next-token scores.
  ///
  /// - Parameters:
  ///   - inputs: Sequence and tokens; at most ``DecoderOptions/batch`` tokens in all.
  ///   - scoring: Which rows are scored.
  /// - Returns: `[scored rows, vocabulary]`, valid until the next call.
  /// - Throws: ``EngineError`` for tokens outside the vocabulary, positions past the cache, and keys that an indexer
  ///   could not choose among.
  @discardableResult
  public func forward(
    _ inputs: [(sequence: Int, tokens: ArraySlice<Int>)], scoring: Scoring
  ) throws(EngineError) -> Matrix {
    for input in inputs {
      for token in input.tokens where token < 0 || token >= description.vocabulary {
        throw .tokenOutOfRange(token: token, vocabulary: description.vocabulary)
      }
    }
    pass.begin()
    for input in inputs {
      try pass.append(input.tokens, to: input.sequence, scoring: scoring)
    }
    progress.store(0, ordering: .relaxed)
    pool.run(self, demand: pass.count < Self.fewTokens ? .bandwidth : .arithmetic)
    if progress.load(ordering: .relaxed) < 0 { throw .interrupted }
    if pass.hasUnusableSelection.load(ordering: .relaxed) {
      throw .nonFinite(place: "the scores of an attention indexer")
    }
    routing.countStep()
    return Matrix(logits.floats, rows: pass.outputRows.count, columns: description.vocabulary)
  }

  /// Bytes of weights a pass reads, the routed experts left out: those depend on the routing.
  ///
  /// - Parameters:
  ///   - tokens: Tokens of the pass, each of which reads a row of the embedding.
  ///   - scores: Rows that are scored: without any the head is not read.
  public func sharedWeightBytes(tokens: Int, scores: Int) -> Int {
    let table = weightBytes.byRole[.embedding] ?? 0
    let rows = min(table, embedding.rowBytes * tokens)
    let isTied = description.head == nil
    let head = isTied ? 0 : weightBytes.byRole[.head] ?? 0
    let layers = weightBytes.shared - table - head
    guard scores > 0 else { return layers + rows }
    // A tied embedding is read in full as the head, its tokens' rows among the others.
    return layers + (isTied ? table : head + rows)
  }
}

extension Decoder: ParallelProgram {
  public func run(_ worker: Worker) {
    let x = stream.rows(0..<pass.count)
    for row in worker.share(of: pass.count) {
      kernels.dequantizeRow(Int(pass.tokens[row]), of: embedding, into: x[row])
      if description.embeddingMultiplier != 1 {
        kernels.scale(x[row], by: description.embeddingMultiplier, description.hidden)
      }
      for start in stride(from: description.hidden, to: x.columns, by: description.hidden) {
        (x[row] + start).update(from: x[row], count: description.hidden)
      }
    }
    worker.barrier()
    let boundary = worker.index == 0 ? layerBoundary : nil
    for (index, layer) in layers.enumerated() {
      guard goesThrough(index) else { return }
      boundary?(index)
      layer.forward(x, pass, worker)
    }
    boundary?(layers.count)
    score(x, worker)
  }

  /// Whether the pass goes through this layer. The first worker to ask decides for all: they meet at barriers within.
  private func goesThrough(_ layer: Int) -> Bool {
    var known = progress.load(ordering: .relaxed)
    if known == layer {
      let decision = isCancelled?() == true ? ~layer : layer + 1
      let (isOurs, found) = progress.compareExchange(
        expected: layer, desired: decision, ordering: .relaxed)
      known = isOurs ? decision : found
    }
    return known > layer || known < ~layer
  }

  /// A row's only stream, or all of its streams joined in `out`.
  private func joined(
    _ x: Matrix, _ row: Int, into out: UnsafeMutablePointer<Float>, _ worker: Worker
  ) -> UnsafePointer<Float> {
    guard let streamHead else { return UnsafePointer(x[row]) }
    let mark = worker.local.mark
    defer { worker.local.release(to: mark) }
    let coefficients = worker.local.take(streamHead.coefficients)
    streamHead.project(x, row: row, into: coefficients, kernels)
    streamHead.read(x[row], coefficients, into: out, hidden: description.hidden, kernels)
    return UnsafePointer(out)
  }

  /// Final norm and head, for the rows that are scored.
  private func score(_ x: Matrix, _ worker: Worker) {
    let count = pass.outputRows.count
    guard count > 0 else { return }
    let mark = worker.arena.mark
    let hidden = description.hidden
    let normed = pass.takeActivations(rows: count, columns: hidden, worker)
    for row in worker.share(of: count) {
      let last = joined(x, Int(pass.outputRows[row]), into: normed.values[row], worker)
      finalNorm.apply(last, into: normed.values[row], count: hidden, kernels)
      pass.seal(normed, row: row)
    }
    worker.barrier()
    let scores = Matrix(logits.floats, rows: count, columns: description.vocabulary)
    pass.project(head, normed, into: scores, worker)
    worker.barrier()
    if description.logitsDivisor != 1 {
      for row in worker.share(of: count) {
        kernels.scale(scores[row], by: 1 / description.logitsDivisor, scores.columns)
      }
    }
    worker.arena.release(to: mark)
  }
}
