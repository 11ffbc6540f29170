// A mixture of experts: router, routed experts, shared experts.

/// What a mixture-of-experts layer is made of.
public struct SparseMixtureDescription: Sendable, Hashable {
  public var router: RouterDescription
  public var experts: ExpertsDescription
  public var activation: GatedActivation = .swiGLU
  public var weighsInput = false
  /// Experts every token visits.
  public var shared: GatedFeedForwardDescription?
  /// A vector whose product with the input, through a sigmoid, weighs the shared experts.
  public var sharedGate: LinearDescription?

  public init(router: RouterDescription, experts: ExpertsDescription) {
    self.router = router
    self.experts = experts
  }
}

/// The (token, expert) pairs of a batch, sorted by expert.
struct ExpertGroups: @unchecked Sendable {
  /// Pairs in all, identity experts left out.
  let pairs: Int
  /// Experts with at least one token, ascending: `[active]`.
  let experts: UnsafeMutablePointer<Int32>
  let active: Int
  /// First pair of each expert, `[experts + 1]`.
  let offsets: UnsafeMutablePointer<Int32>
  /// Row and weight of each pair, `[pairs]`.
  let tokens: UnsafeMutablePointer<Int32>
  let weights: UnsafeMutablePointer<Float>

  @inline(__always)
  func range(of expert: Int) -> Range<Int> { Int(offsets[expert])..<Int(offsets[expert + 1]) }
}

struct SparseMixture: FeedForward {
  let router: Router
  let experts: Experts
  private let shared: GatedFeedForward?
  private let sharedGate: Linear?
  /// Which mixture-of-experts layer of the model this is, from 0.
  let index: Int
  /// Which layer of the model.
  let layer: Int

  init(_ d: SparseMixtureDescription, layer: Int, _ builder: ModelBuilder) throws {
    let source = builder.source
    router = try Router(d.router, source)
    experts = Experts(
      bank: try source.experts(d.experts), activation: d.activation, weighsInput: d.weighsInput)
    shared = try d.shared.map { try GatedFeedForward($0, source) }
    sharedGate = try d.sharedGate.map(source.linear)
    self.layer = layer
    index = builder.nextMixture(
      MixtureShape(
        layer: layer, experts: d.router.experts, expertsPerToken: d.router.expertsPerToken,
        bytesPerExpert: experts.bank.bytesPerExpert))
  }

  func forward(_ x: Activations, into out: Matrix, _ pass: ForwardPass, _ worker: Worker) {
    let mark = worker.arena.mark
    let n = x.values.rows
    let k = router.description.expertsPerToken
    let logits = worker.arena.take(rows: n, columns: router.choices)
    let branch = shared.map { _ in worker.arena.take(rows: n, columns: out.columns) }
    pass.project(router.gate, x, into: logits, worker)
    worker.barrier()
    // Few rows every worker routes for itself: that is sooner done than waited for.
    let localMark = worker.local.mark
    let isOwn = n <= Self.ownRows
    let chosen = isOwn ? worker.local.takeInt32(n * k) : worker.arena.takeInt32(n * k)
    let weights = isOwn ? worker.local.take(n * k) : worker.arena.take(n * k)
    if isOwn {
      let copy = worker.local.take(rows: n, columns: router.choices)
      copy.base.update(from: logits.base, count: n * router.choices)
      choose(copy, 0..<n, chosen, weights, pass, worker)
    } else {
      choose(logits, worker.share(of: n), chosen, weights, pass, worker)
      worker.barrier()
    }
    let groups = group(chosen, weights, rows: n, isOwn: isOwn, pass, worker)
    let sides = shared.flatMap { network in branch.map { (network, $0) } }
    experts.forward(x, groups, into: out, beside: sides, pass, worker)
    addIdentities(x.values, chosen, weights, to: out, worker, pass)
    if let branch { add(branch, of: x, to: out, pass, worker) }
    if branch != nil || router.description.identityExperts > 0 { worker.barrier() }
    worker.local.release(to: localMark)
    worker.arena.release(to: mark)
  }

  /// Rows up to which all workers route all of them.
  private static let ownRows = 4

  /// Adds the shared experts' results, weighed by their gate.
  private func add(
    _ branch: Matrix, of x: Activations, to out: Matrix, _ pass: ForwardPass, _ worker: Worker
  ) {
    for row in worker.share(of: out.rows) {
      var factor: Float = 1
      if let sharedGate {
        var logit: Float = 0
        pass.kernels.multiply(
          sharedGate.weight, rows: 0..<1,
          Activations(values: x.values.rows(row..<(row + 1)), blocks: nil, blockStride: 0),
          tokens: 1, into: &logit, stride: 1)
        factor = logistic(logit)
      }
      pass.kernels.addScaled(factor, branch[row], to: out[row], out.columns)
    }
  }

  /// Routes some rows.
  private func choose(
    _ logits: Matrix, _ rows: Range<Int>, _ chosen: UnsafeMutablePointer<Int32>,
    _ weights: UnsafeMutablePointer<Float>, _ pass: ForwardPass, _ worker: Worker
  ) {
    let k = router.description.expertsPerToken
    let mark = worker.local.mark
    defer { worker.local.release(to: mark) }
    let scratch = worker.local.take(router.choices)
    let forced = worker.local.takeInt32(k)
    for row in rows {
      let isForced =
        pass.forcedRouting?.draw(
          layer: index, sequence: Int(pass.sequences[row]), position: Int(pass.positions[row]),
          experts: router.description.experts, k: k, into: forced) ?? false
      router.route(
        logits[row], scratch: scratch, token: Int(pass.tokens[row]),
        forced: isForced ? UnsafePointer(forced) : nil, experts: chosen + row * k,
        weights: weights + row * k, pass.kernels)
    }
  }

  /// Sorts the pairs by expert (a counting sort) and tells the recorder.
  ///
  /// - Parameter isOwn: Whether each worker sorts for itself; otherwise one does for all, and a barrier follows.
  private func group(
    _ chosen: UnsafeMutablePointer<Int32>, _ weights: UnsafeMutablePointer<Float>, rows: Int,
    isOwn: Bool, _ pass: ForwardPass, _ worker: Worker
  ) -> ExpertGroups {
    let k = router.description.expertsPerToken
    let count = router.description.experts
    func take(_ count: Int) -> UnsafeMutablePointer<Int32> {
      isOwn ? worker.local.takeInt32(count) : worker.arena.takeInt32(count)
    }
    let header = take(2)
    let active = take(count)
    let offsets = take(count + 2)
    let tokens = take(rows * k)
    let pairWeights = isOwn ? worker.local.take(rows * k) : worker.arena.take(rows * k)
    if isOwn || worker.index == 0 {
      offsets.update(repeating: 0, count: count + 2)
      // Counted two places on, so that filling moves each offset to where its expert begins.
      for pair in 0..<(rows * k) where Int(chosen[pair]) < count {
        offsets[Int(chosen[pair]) + 2] += 1
      }
      var activeCount: Int32 = 0
      for expert in 0..<count {
        if offsets[expert + 2] > 0 {
          active[Int(activeCount)] = Int32(truncatingIfNeeded: expert)
          activeCount += 1
        }
        offsets[expert + 2] += offsets[expert + 1]
      }
      for row in 0..<rows {
        for pair in (row * k)..<((row + 1) * k) where Int(chosen[pair]) < count {
          let place = Int(offsets[Int(chosen[pair]) + 1])
          tokens[place] = Int32(truncatingIfNeeded: row)
          pairWeights[place] = weights[pair]
          offsets[Int(chosen[pair]) + 1] += 1
        }
      }
      header[0] = activeCount
      header[1] = offsets[count]
      if worker.index == 0 {
        pass.routing?.record(
          mixture: index, chosen: chosen, weights: weights, rows: rows, k: k,
          active: Int(activeCount), offsets: offsets)
      }
    }
    if !isOwn { worker.barrier() }
    return ExpertGroups(
      pairs: Int(header[1]), experts: active, active: Int(header[0]), offsets: offsets,
      tokens: tokens, weights: pairWeights)
  }

  /// Experts past the real ones return their input.
  private func addIdentities(
    _ x: Matrix, _ chosen: UnsafeMutablePointer<Int32>, _ weights: UnsafeMutablePointer<Float>,
    to out: Matrix, _ worker: Worker, _ pass: ForwardPass
  ) {
    guard router.description.identityExperts > 0 else { return }
    let k = router.description.expertsPerToken
    for row in worker.share(of: x.rows) {
      for pair in (row * k)..<((row + 1) * k)
      where Int(chosen[pair]) >= router.description.experts {
        pass.kernels.addScaled(weights[pair], x[row], to: out[row], out.columns)
      }
    }
  }
}
