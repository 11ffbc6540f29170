// Mamba 2 (Dao and Gu 2024): a state space whose decay is one number a head and token.

/// What a Mamba 2 layer is made of.
public struct StateSpaceDualityDescription: Sendable, Hashable {
  public var heads: Int
  public var headDimension: Int
  /// Heads share B and C in groups.
  public var groups: Int
  public var stateDimension: Int
  /// `[z | x | B | C | dt]`
  public var input: LinearDescription
  /// Over `[x | B | C]`.
  public var convolution: CausalConvolutionDescription
  /// Logarithms of the decay rates, `[heads]`.
  public var logRates: Parameter
  /// Added to the steps before their softplus, `[heads]`.
  public var stepBias: Parameter
  /// What the input adds to the output past the state, `[heads]`.
  public var skip: Parameter
  /// Steps are kept inside; the upper bound may be infinite.
  public var stepLimits: ClosedRange<Float>
  /// Over the gated output, each group on its own.
  public var norm: NormDescription
  public var output: LinearDescription

  /// Width of x and of the output.
  public var inner: Int { heads * headDimension }
}

struct StateSpaceDuality: Mixer {
  private let description: StateSpaceDualityDescription
  private let input: Linear
  private let convolution: CausalConvolution
  private let rates: DerivedFloats
  private let stepBias: Vector
  private let skip: Vector
  private let norms: [Norm]
  private let output: Linear
  private let recurrence: MatrixRecurrence
  private let slot: Int

  static func cacheShape(_ d: StateSpaceDualityDescription) -> CacheShape {
    CacheShape(
      states: [d.convolution.stateFloats, d.heads * d.headDimension * d.stateDimension])
  }

  init(_ d: StateSpaceDualityDescription, slot: Int, _ builder: ModelBuilder) throws {
    let source = builder.source
    description = d
    input = try source.linear(d.input)
    convolution = try CausalConvolution(d.convolution, source)
    let logRates = try source.vector(d.logRates)
    rates = try DerivedFloats(d.heads, from: source, purpose: d.logRates.name) { rates in
      for head in 0..<logRates.count { rates[head] = -exponential(logRates[head]) }
    }
    stepBias = try source.vector(d.stepBias)
    skip = try source.vector(d.skip)
    let norm = try source.norm(d.norm)
    norms = (0..<d.groups).map { norm.part($0, of: d.groups) }
    output = try source.linear(d.output)
    recurrence = MatrixRecurrence(
      heads: d.heads, keyHeads: d.groups, keyDimension: d.stateDimension,
      valueDimension: d.headDimension, update: .add)
    self.slot = slot
  }

  func forward(_ x: Activations, into out: Matrix, _ pass: ForwardPass, _ worker: Worker) {
    let d = description
    let mark = worker.arena.mark
    let n = pass.count
    let width = convolution.channels
    let keys = d.groups * d.stateDimension
    let projected = worker.arena.take(rows: n, columns: input.outputs)
    let inputs = worker.arena.take(rows: n, columns: width)
    let decays = worker.arena.take(rows: n, columns: d.heads)
    let mixed = pass.takeActivations(rows: n, columns: d.inner, worker)
    let steps = projected.columns((d.inner + width)..<input.outputs)
    pass.project(input, x, into: projected, worker)
    worker.barrier()
    convolution.forward(
      projected.columns(d.inner..<(d.inner + width)), into: inputs, state: 0, of: slot, pass,
      worker)
    for row in worker.share(of: n) { discretize(steps[row], into: decays[row]) }
    worker.barrier()
    recurrence.forward(
      MatrixRecurrence.Inputs(
        queries: inputs.columns((d.inner + keys)..<width),
        keys: inputs.columns(d.inner..<(d.inner + keys)), values: inputs.columns(0..<d.inner),
        decays: decays, strengths: steps),
      into: mixed.values, state: 1, of: slot, pass, worker)
    worker.barrier()
    for row in worker.share(of: n) {
      finish(mixed.values[row], inputs: inputs[row], gate: projected[row], pass.kernels)
      pass.seal(mixed, row: row)
    }
    worker.barrier()
    pass.project(output, mixed, into: out, worker)
    worker.barrier()
    worker.arena.release(to: mark)
  }

  /// Turns one row's logits into steps, and steps into decays.
  private func discretize(
    _ steps: UnsafeMutablePointer<Float>, into decays: UnsafeMutablePointer<Float>
  ) {
    let limits = description.stepLimits
    for head in 0..<description.heads {
      var step = softplus(steps[head] + stepBias[head])
      // Comparisons that keep NaN: min and max would hide it.
      if step < limits.lowerBound { step = limits.lowerBound }
      if step > limits.upperBound { step = limits.upperBound }
      steps[head] = step
      decays[head] = exponential(step * rates[head])
    }
  }

  /// Adds the skip, gates and normalises one row of outputs.
  private func finish(
    _ mixed: UnsafeMutablePointer<Float>, inputs: UnsafePointer<Float>,
    gate: UnsafePointer<Float>, _ kernels: Kernels
  ) {
    let d = description
    for head in 0..<d.heads {
      kernels.addScaled(
        skip[head], inputs + head * d.headDimension, to: mixed + head * d.headDimension,
        d.headDimension)
    }
    kernels.swiGLU(gate: gate, up: mixed, into: mixed, d.inner)
    let size = d.inner / d.groups
    for group in 0..<d.groups {
      norms[group].apply(mixed + group * size, into: mixed + group * size, count: size, kernels)
    }
  }
}
