// Gated feed-forward networks: dense, and as a bank of routed experts.

/// What lies between an expert's two products.
public enum GatedActivation: Sendable, Hashable {
  /// `silu(gate) * up` (Shazeer 2020).
  case swiGLU
  /// `silu(min(gate, limit)) * clamp(up, limit)` (DeepSeek-V4).
  case clampedSwiGLU(limit: Float)
  /// `(clamp(up, limit) + 1) * gate * sigmoid(alpha * gate)` with `gate` at most `limit` (gpt-oss).
  case shiftedSwiGLU(alpha: Float, limit: Float)

  /// `out` may be `gate`.
  func apply(
    gate: UnsafeMutablePointer<Float>, up: UnsafeMutablePointer<Float>,
    into out: UnsafeMutablePointer<Float>, count: Int, _ kernels: Kernels
  ) {
    switch self {
    case .swiGLU:
      kernels.swiGLU(gate: gate, up: up, into: out, count)
    case .clampedSwiGLU(let limit):
      for i in 0..<count {
        // A comparison that keeps NaN: min and max would hide it.
        if gate[i] > limit { gate[i] = limit }
        if up[i] > limit { up[i] = limit } else if up[i] < -limit { up[i] = -limit }
      }
      kernels.swiGLU(gate: gate, up: up, into: out, count)
    case .shiftedSwiGLU(let alpha, let limit):
      for i in 0..<count {
        var g = gate[i]
        var u = up[i]
        if g > limit { g = limit }
        if u > limit { u = limit } else if u < -limit { u = -limit }
        out[i] = (u + 1) * g * logistic(alpha * g)
      }
    }
  }
}

/// A dense gated network: `down(activation(gate x, up x))`.
public struct GatedFeedForwardDescription: Sendable, Hashable {
  public var gate: LinearDescription
  public var up: LinearDescription
  public var down: LinearDescription
  public var activation: GatedActivation

  public init(
    gate: LinearDescription, up: LinearDescription, down: LinearDescription,
    activation: GatedActivation = .swiGLU
  ) {
    self.gate = gate
    self.up = up
    self.down = down
    self.activation = activation
  }

  /// The usual three modules `prefix.gate_proj`, `up_proj`, `down_proj`.
  public init(
    _ prefix: String, hidden: Int, intermediate: Int, role: ParameterRole,
    names: (gate: String, up: String, down: String) = ("gate_proj", "up_proj", "down_proj"),
    bias: Bool = false
  ) {
    self.init(
      gate: LinearDescription(
        "\(prefix).\(names.gate)", inputs: hidden, outputs: intermediate, role: role, bias: bias),
      up: LinearDescription(
        "\(prefix).\(names.up)", inputs: hidden, outputs: intermediate, role: role, bias: bias),
      down: LinearDescription(
        "\(prefix).\(names.down)", inputs: intermediate, outputs: hidden, role: role, bias: bias))
  }
}

struct GatedFeedForward: FeedForward {
  private let gate: Linear
  private let up: Linear
  private let down: Linear
  private let activation: GatedActivation

  init(_ d: GatedFeedForwardDescription, _ source: any WeightSource) throws {
    gate = try source.linear(d.gate)
    up = try source.linear(d.up)
    down = try source.linear(d.down)
    activation = d.activation
  }

  func forward(_ x: Activations, into out: Matrix, _ pass: ForwardPass, _ worker: Worker) {
    let mark = worker.arena.mark
    let hidden = expand(x, pass, worker)
    worker.barrier()
    pass.seal(hidden, after: unit(x, pass), worker)
    contract(hidden, into: out, pass, worker)
    worker.barrier()
    worker.arena.release(to: mark)
  }

  /// Gate, up and activation of every row. Ends without a barrier; the result belongs to the arena.
  func expand(_ x: Activations, _ pass: ForwardPass, _ worker: Worker) -> Activations {
    let n = x.values.rows
    let hidden = pass.takeActivations(rows: n, columns: gate.outputs, worker)
    let unit = unit(x, pass)
    worker.divide(gate.outputs, by: unit) { rows in
      let mark = worker.local.mark
      let ups = worker.local.take(rows: n, columns: rows.count)
      let gates = Matrix(
        hidden.values.base + rows.lowerBound, rows: n, columns: rows.count,
        stride: hidden.values.stride)
      pass.project(gate, rows, x, into: gates, worker)
      pass.project(up, rows, x, into: ups, worker)
      for row in 0..<n {
        activation.apply(
          gate: gates[row], up: ups[row], into: gates[row], count: rows.count, pass.kernels)
        pass.seal(hidden, row: row, columns: rows, of: unit)
      }
      worker.local.release(to: mark)
    }
    return hidden
  }

  /// Rows of gate and up that are multiplied, activated and quantised together.
  func unit(_ x: Activations, _ pass: ForwardPass) -> Int {
    pass.unit(of: gate.weight, x, tokens: x.values.rows)
  }

  /// Ends without a barrier.
  func contract(
    _ hidden: Activations, into out: Matrix, _ pass: ForwardPass, _ worker: Worker
  ) {
    pass.project(down, hidden, into: out, worker)
  }
}

extension ForwardPass {
  /// Makes the 8-bit form of a row's columns that were written in units of `size`, if those are blocks.
  @inline(__always)
  fileprivate func seal(_ x: Activations, row: Int, columns: Range<Int>, of size: Int) {
    guard let blocks = x.blocks, size % 32 == 0 else { return }
    kernels.quantize(
      x.values[row] + columns.lowerBound, columns.count,
      into: blocks + row * x.blockStride + Kernels.quantizedBytes(columns.lowerBound))
  }

  /// The same for all rows where the units were no blocks. Ends with a barrier if it does anything.
  fileprivate func seal(_ x: Activations, after size: Int, _ worker: Worker) {
    guard x.blocks != nil, size % 32 != 0 else { return }
    for row in worker.share(of: x.values.rows) { seal(x, row: row) }
    worker.barrier()
  }
}

/// Runs the routed experts of a batch: all rows that chose an expert share one pass over its weights.
struct Experts: Sendable {
  let bank: ExpertBank
  let activation: GatedActivation
  /// Whether a token's weight multiplies what the expert reads instead of what it writes (Llama 4).
  let weighsInput: Bool

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
    _ x: Activations, _ groups: ExpertGroups, into activations: Activations, by unit: Int,
    _ pass: ForwardPass, _ worker: Worker
  ) {
    let hidden = activations.values
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
        let rows = first..<min(width, first + count * unit)
        task += count
        let pairs = groups.range(of: expert)
        let mark = worker.local.mark
        let ups = worker.local.take(rows: pairs.count, columns: rows.count)
        let gates = Matrix(
          hidden[pairs.lowerBound] + first, rows: pairs.count, columns: rows.count,
          stride: hidden.stride)
        let index = groups.tokens + pairs.lowerBound
        pass.multiply(
          bank.gate[expert], rows: rows, x, index: index, tokens: pairs.count, into: gates.base,
          stride: gates.stride, worker)
        pass.multiply(
          bank.up[expert], rows: rows, x, index: index, tokens: pairs.count, into: ups.base,
          stride: ups.stride, worker)
        for pair in 0..<pairs.count {
          if weighsInput {
            let weight = groups.weights[pairs.lowerBound + pair]
            pass.kernels.scale(gates[pair], by: weight, rows.count)
            pass.kernels.scale(ups[pair], by: weight, rows.count)
          }
          if let bias = bank.gateBias {
            pass.kernels.addScaled(
              1, bias.base + expert * width + first, to: gates[pair], rows.count)
          }
          if let bias = bank.upBias {
            pass.kernels.addScaled(1, bias.base + expert * width + first, to: ups[pair], rows.count)
          }
          activation.apply(
            gate: gates[pair], up: ups[pair], into: gates[pair], count: rows.count, pass.kernels)
          pass.seal(activations, row: pairs.lowerBound + pair, columns: rows, of: unit)
        }
        worker.local.release(to: mark)
      }
    }
  }

  /// Down projections, added up in each token's row. A worker owns columns of the output, so no two write one number
  /// and the order of a sum is that of the experts, whoever computes it.
  private func contract(
    _ hidden: Activations, _ groups: ExpertGroups, into out: Matrix, _ pass: ForwardPass,
    _ worker: Worker
  ) {
    guard let shape = bank.down.first else { return }
    worker.divide(out.columns, by: pass.unit(of: shape, hidden, tokens: out.rows)) { columns in
      for row in 0..<out.rows {
        (out[row] + columns.lowerBound).update(repeating: 0, count: columns.count)
      }
      for index in 0..<groups.active {
        let expert = Int(groups.experts[index])
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
  }
}
