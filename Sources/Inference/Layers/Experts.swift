// The routed experts of a batch.

/// Runs the routed experts of a batch: all rows that chose an expert share one pass over its weights.
struct Experts: Sendable {
  let bank: ExpertBank
  let activation: GatedActivation
  /// Whether a token's weight multiplies what the expert reads instead of what it writes (Llama 4).
  let weighsInput: Bool
  /// Whether the down projections read nothing but the 8-bit form of what is between the products.
  private let contractsBlocks: Bool

  init(bank: ExpertBank, activation: GatedActivation, weighsInput: Bool) {
    self.bank = bank
    self.activation = activation
    self.weighsInput = weighsInput
    contractsBlocks = bank.down.allSatisfy { $0.format.wantsBlocks }
  }

  /// `out[t] = sum over the experts of t, by ascending number, of weight * expert(x[t])`, and the shared experts' own
  /// result in `branch`: they are worked on together, so that no worker waits between the two. Ends with a barrier.
  func forward(
    _ x: Activations, _ groups: ExpertGroups, into out: Matrix,
    beside shared: (network: GatedFeedForward, branch: Matrix)?, _ pass: ForwardPass,
    _ worker: Worker
  ) {
    let mark = worker.arena.mark
    let hidden = pass.takeActivations(rows: groups.pairs, columns: bank.intermediate, worker)
    let unit = bank.gate.first.map { pass.unit(of: $0, x, tokens: x.values.rows) } ?? 32
    expand(x, groups, into: hidden, by: unit, pass, worker)
    let sharedHidden = shared.map { $0.network.expand(x, pass, worker) }
    worker.barrier()
    pass.seal(hidden, after: unit, worker)
    if let shared, let sharedHidden {
      pass.seal(sharedHidden, after: shared.network.unit(x, pass), worker)
      shared.network.contract(sharedHidden, into: shared.branch, pass, worker)
    }
    contract(hidden, groups, into: out, pass, worker)
    worker.barrier()
    worker.arena.release(to: mark)
  }

  /// Gate, up and activation of every (token, expert) pair.
  private func expand(
    _ x: Activations, _ groups: ExpertGroups, into hidden: Activations, by unit: Int,
    _ pass: ForwardPass, _ worker: Worker
  ) {
    let width = bank.intermediate
    let active = groups.active
    guard active > 0 else { return }
    let units = (width + unit - 1) / unit
    worker.divide(active * units, by: 1) { range in
      var task = range.lowerBound
      while task < range.upperBound {
        // As many units of one expert as the piece holds.
        let expert = Int(groups.experts[task / units])
        let first = task % units * unit
        let count = min(units - task % units, range.upperBound - task)
        let strip = Strip.ofHidden(rows: groups.range(of: expert).count, by: unit)
        (first..<min(width, first + count * unit)).cut(by: strip) { rows in
          expand(expert, rows, x, groups, into: hidden, by: unit, pass, worker)
        }
        task += count
      }
    }
  }

  /// The same for some rows of one expert's gate and up. The floats stay in the worker's scratch where nobody else
  /// reads them.
  private func expand(
    _ expert: Int, _ rows: Range<Int>, _ x: Activations, _ groups: ExpertGroups,
    into hidden: Activations, by unit: Int, _ pass: ForwardPass, _ worker: Worker
  ) {
    let pairs = groups.range(of: expert)
    let mark = worker.local.mark
    let ups = worker.local.take(rows: pairs.count, columns: rows.count)
    let gates =
      hidden.blocks != nil && unit % 32 == 0 && contractsBlocks
      ? worker.local.take(rows: pairs.count, columns: rows.count)
      : hidden.values.rows(pairs).columns(rows)
    let index = groups.tokens + pairs.lowerBound
    pass.multiply(
      bank.gate[expert], rows: rows, x, index: index, tokens: pairs.count, into: gates.base,
      stride: gates.stride, worker)
    pass.multiply(
      bank.up[expert], rows: rows, x, index: index, tokens: pairs.count, into: ups.base,
      stride: ups.stride, worker)
    let bias = expert * bank.intermediate + rows.lowerBound
    for pair in 0..<pairs.count {
      if weighsInput {
        let weight = groups.weights[pairs.lowerBound + pair]
        pass.kernels.scale(gates[pair], by: weight, rows.count)
        pass.kernels.scale(ups[pair], by: weight, rows.count)
      }
      if let gateBias = bank.gateBias {
        pass.kernels.addScaled(1, gateBias.base + bias, to: gates[pair], rows.count)
      }
      if let upBias = bank.upBias {
        pass.kernels.addScaled(1, upBias.base + bias, to: ups[pair], rows.count)
      }
      activation.apply(
        gate: gates[pair], up: ups[pair], into: gates[pair], count: rows.count, pass.kernels)
      pass.seal(gates[pair], into: hidden, row: pairs.lowerBound + pair, columns: rows, of: unit)
    }
    worker.local.release(to: mark)
  }

  /// Down projections, added up in each token's row. A worker owns columns of the output, so no two write one number
  /// and the order of a sum is that of the experts, whoever computes it.
  private func contract(
    _ hidden: Activations, _ groups: ExpertGroups, into out: Matrix, _ pass: ForwardPass,
    _ worker: Worker
  ) {
    guard let shape = bank.down.first else { return }
    let unit = pass.unit(of: shape, hidden, tokens: out.rows)
    let strip = Strip.ofSums(rows: out.rows, by: unit)
    worker.divide(out.columns, by: unit) { range in
      range.cut(by: strip) { columns in
        for row in 0..<out.rows {
          (out[row] + columns.lowerBound).update(repeating: 0, count: columns.count)
        }
        for index in 0..<groups.active {
          let expert = Int(groups.experts[index])
          addDown(of: expert, columns, hidden, groups, to: out, pass, worker)
        }
      }
    }
  }

  /// What one expert adds to some columns of its tokens' rows.
  private func addDown(
    of expert: Int, _ columns: Range<Int>, _ hidden: Activations, _ groups: ExpertGroups,
    to out: Matrix, _ pass: ForwardPass, _ worker: Worker
  ) {
    let pairs = groups.range(of: expert)
    let mark = worker.local.mark
    let results = worker.local.take(rows: pairs.count, columns: columns.count)
    let rows = Activations(
      values: hidden.values.rows(pairs),
      blocks: hidden.blocks.map { $0 + pairs.lowerBound * hidden.blockStride },
      blockStride: hidden.blockStride)
    pass.multiply(
      bank.down[expert], rows: columns, rows, tokens: pairs.count, into: results.base,
      stride: results.stride, worker)
    for pair in 0..<pairs.count {
      let place = pairs.lowerBound + pair
      if let bias = bank.downBias {
        pass.kernels.addScaled(
          1, bias.base + expert * out.columns + columns.lowerBound, to: results[pair],
          columns.count)
      }
      pass.kernels.addScaled(
        weighsInput ? 1 : groups.weights[place], results[pair],
        to: out[Int(groups.tokens[place])] + columns.lowerBound, columns.count)
    }
    worker.local.release(to: mark)
  }
}

/// How many columns of a result are worked on at a time: what is done with them next finds them in the second-level
/// cache, beside the activations they are made of. With granite's 128 rows an expert, prefill is 1.06 times as fast.
enum Strip {
  /// Columns of what is between the products, 64 kB of each of the two.
  static func ofHidden(rows: Int, by unit: Int) -> Int {
    max(unit, (1 << 14) / max(1, rows) / unit * unit)
  }

  /// Columns of a sum over experts, 512 kB of all rows.
  static func ofSums(rows: Int, by unit: Int) -> Int {
    max(unit, (1 << 17) / max(1, rows) / unit * unit)
  }
}

extension Range<Int> {
  /// Calls `body` with pieces of at most `size`.
  @inline(__always)
  func cut(by size: Int, _ body: (Range<Int>) -> Void) {
    var begin = lowerBound
    while begin < upperBound {
      let end = Swift.min(upperBound, begin + size)
      body(begin..<end)
      begin = end
    }
  }
}
