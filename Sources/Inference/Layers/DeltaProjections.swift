// What a gated delta-rule layer projects from its input, in the two orders checkpoints have.

struct DeltaProjections: Sendable {
  private struct Factored: Sendable {
    let inner: Linear?
    let outer: Linear

    init(_ d: FactoredDescription, _ source: any WeightSource) throws {
      inner = try d.inner.map(source.linear)
      outer = try source.linear(d.outer)
    }
  }

  private enum Kind: Sendable {
    case byKeyHead(Linear, Linear)
    case bySort([Linear], gate: Factored, strength: Linear, decay: Factored)
  }

  /// What the projections write, before any function is applied.
  struct Rows {
    /// `[rows, all q | all k | all v]`
    let inputs: Matrix
    /// `[rows, heads * valueDimension]`
    let gates: Matrix
    /// `[rows, heads]`
    let strengths: Matrix
    /// `[rows, heads]` or `[rows, heads * keyDimension]`
    let decays: Matrix
  }

  private let kind: Kind
  private let keyHeads: Int
  private let keyDimension: Int
  /// Value heads of a key head.
  private let group: Int
  private let valueDimension: Int

  init(_ d: GatedDeltaRuleDescription, _ source: any WeightSource) throws {
    keyHeads = d.keyHeads
    keyDimension = d.keyDimension
    group = d.heads / d.keyHeads
    valueDimension = d.valueDimension
    kind =
      switch d.projections {
      case .byKeyHead(let inputs, let strengths):
        .byKeyHead(try source.linear(inputs), try source.linear(strengths))
      case .bySort(let inputs, let gate, let strength, let decay):
        .bySort(
          try inputs.map(source.linear), gate: try Factored(gate, source),
          strength: try source.linear(strength), decay: try Factored(decay, source))
      }
  }

  /// Ends with a barrier.
  func forward(_ x: Activations, into rows: Rows, _ pass: ForwardPass, _ worker: Worker) {
    let mark = worker.arena.mark
    switch kind {
    case .byKeyHead(let inputs, let strengths):
      let grouped = worker.arena.take(rows: pass.count, columns: inputs.outputs)
      let pairs = worker.arena.take(rows: pass.count, columns: strengths.outputs)
      pass.project(inputs, x, into: grouped, worker)
      pass.project(strengths, x, into: pairs, worker)
      worker.barrier()
      for row in worker.share(of: pass.count) { sort(grouped[row], pairs[row], into: rows, row) }
    case .bySort(let inputs, let gate, let strength, let decay):
      var first = 0
      for linear in inputs {
        let columns = first..<(first + linear.outputs)
        pass.project(linear, x, into: rows.inputs.columns(columns), worker)
        first = columns.upperBound
      }
      pass.project(strength, x, into: rows.strengths, worker)
      project(gate, x, into: rows.gates, pass, worker)
      project(decay, x, into: rows.decays, pass, worker)
    }
    worker.barrier()
    worker.arena.release(to: mark)
  }

  /// Ends without a barrier; the thin product between two factors is left in the arena until then.
  private func project(
    _ factored: Factored, _ x: Activations, into out: Matrix, _ pass: ForwardPass, _ worker: Worker
  ) {
    guard let inner = factored.inner else {
      pass.project(factored.outer, x, into: out, worker)
      return
    }
    let thin = pass.takeActivations(rows: pass.count, columns: inner.outputs, worker)
    pass.project(inner, x, into: thin.values, worker)
    worker.barrier()
    if thin.blocks != nil {
      for row in worker.share(of: pass.count) { pass.seal(thin, row: row) }
      worker.barrier()
    }
    pass.project(factored.outer, thin, into: out, worker)
  }

  /// One row from the order of key heads to the order of sorts.
  private func sort(
    _ grouped: UnsafePointer<Float>, _ pairs: UnsafePointer<Float>, into rows: Rows, _ row: Int
  ) {
    let values = group * valueDimension
    let keys = keyHeads * keyDimension
    let inputs = rows.inputs[row]
    for head in 0..<keyHeads {
      let source = grouped + head * 2 * (keyDimension + values)
      (inputs + head * keyDimension).update(from: source, count: keyDimension)
      (inputs + keys + head * keyDimension).update(
        from: source + keyDimension, count: keyDimension)
      (inputs + 2 * keys + head * values).update(from: source + 2 * keyDimension, count: values)
      (rows.gates[row] + head * values).update(
        from: source + 2 * keyDimension + values, count: values)
      let pair = pairs + head * 2 * group
      (rows.strengths[row] + head * group).update(from: pair, count: group)
      (rows.decays[row] + head * group).update(from: pair + group, count: group)
    }
  }
}
