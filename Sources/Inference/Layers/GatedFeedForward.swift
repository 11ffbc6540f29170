// Gated feed-forward networks: what lies between their products, and the dense ones.

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
    let strip = Strip.ofHidden(rows: n, by: unit)
    worker.divide(gate.outputs, by: unit) { range in
      range.cut(by: strip) { rows in
        let mark = worker.local.mark
        let ups = worker.local.take(rows: n, columns: rows.count)
        let gates = hidden.values.columns(rows)
        pass.project(gate, rows, x, into: gates, worker)
        pass.project(up, rows, x, into: ups, worker)
        for row in 0..<n {
          activation.apply(
            gate: gates[row], up: ups[row], into: gates[row], count: rows.count, pass.kernels)
          pass.seal(gates[row], into: hidden, row: row, columns: rows, of: unit)
        }
        worker.local.release(to: mark)
      }
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
  func seal(
    _ values: UnsafePointer<Float>, into x: Activations, row: Int, columns: Range<Int>, of size: Int
  ) {
    guard let blocks = x.blocks, size % 32 == 0 else { return }
    kernels.quantize(
      values, columns.count,
      into: blocks + row * x.blockStride + Kernels.quantizedBytes(columns.lowerBound))
  }

  /// The same for all rows where the units were no blocks. Ends with a barrier if it does anything.
  func seal(_ x: Activations, after size: Int, _ worker: Worker) {
    guard x.blocks != nil, size % 32 != 0 else { return }
    for row in worker.share(of: x.values.rows) { seal(x, row: row) }
    worker.barrier()
  }
}
