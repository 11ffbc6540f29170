// Mamba (Gu and Dao 2023): a small state for each channel, with a decay for each of its elements and tokens; with the
// norms on step, B and C that Jamba adds (Lieber et al. 2024).

/// What a Mamba layer is made of.
public struct SelectiveScanDescription: Sendable, Hashable {
  public var channels: Int
  public var stateDimension: Int
  /// Width of the steps before they are spread over the channels.
  public var stepRank: Int
  /// `[x | z]`
  public var input: LinearDescription
  /// Over x.
  public var convolution: CausalConvolutionDescription
  /// `[steps | B | C]` from the convolved x.
  public var selection: LinearDescription
  public var stepNorm: NormDescription
  public var inputNorm: NormDescription
  public var outputNorm: NormDescription
  /// `[channels, stepRank]`, with the bias that precedes the softplus.
  public var step: LinearDescription
  /// Logarithms of the decay rates, `[channels, stateDimension]`.
  public var logRates: Parameter
  /// What the input adds to the output past the state, `[channels]`.
  public var skip: Parameter
  public var output: LinearDescription
}

struct SelectiveScan: Mixer {
  private let description: SelectiveScanDescription
  private let input: Linear
  private let convolution: CausalConvolution
  private let selection: Linear
  private let stepNorm: Norm
  private let inputNorm: Norm
  private let outputNorm: Norm
  private let step: Linear
  private let rates: DerivedFloats
  private let skip: Vector
  private let output: Linear
  private let slot: Int

  static func cacheShape(_ d: SelectiveScanDescription) -> CacheShape {
    CacheShape(states: [d.convolution.stateFloats, d.channels * d.stateDimension])
  }

  init(_ d: SelectiveScanDescription, slot: Int, _ builder: ModelBuilder) throws {
    let source = builder.source
    description = d
    input = try source.linear(d.input)
    convolution = try CausalConvolution(d.convolution, source)
    selection = try source.linear(d.selection)
    stepNorm = try source.norm(d.stepNorm)
    inputNorm = try source.norm(d.inputNorm)
    outputNorm = try source.norm(d.outputNorm)
    step = try source.linear(d.step)
    let logRates = try source.vector(d.logRates)
    rates = try DerivedFloats(logRates.count, from: source, purpose: d.logRates.name) { rates in
      for i in 0..<logRates.count { rates[i] = -exponential(logRates[i]) }
    }
    skip = try source.vector(d.skip)
    output = try source.linear(d.output)
    self.slot = slot
  }

  func forward(_ x: Activations, into out: Matrix, _ pass: ForwardPass, _ worker: Worker) {
    let d = description
    let mark = worker.arena.mark
    let n = pass.count
    let projected = worker.arena.take(rows: n, columns: input.outputs)
    let inputs = pass.takeActivations(rows: n, columns: d.channels, worker)
    let selected = worker.arena.take(rows: n, columns: selection.outputs)
    let thin = pass.takeActivations(rows: n, columns: d.stepRank, worker)
    let steps = worker.arena.take(rows: n, columns: d.channels)
    let mixed = pass.takeActivations(rows: n, columns: d.channels, worker)
    pass.project(input, x, into: projected, worker)
    worker.barrier()
    convolution.forward(
      projected.columns(0..<d.channels), into: inputs.values, state: 0, of: slot, pass, worker)
    worker.barrier()
    if inputs.blocks != nil {
      for row in worker.share(of: n) { pass.seal(inputs, row: row) }
      worker.barrier()
    }
    pass.project(selection, inputs, into: selected, worker)
    worker.barrier()
    for row in worker.share(of: n) {
      normalize(selected[row], into: thin.values[row], pass.kernels)
      pass.seal(thin, row: row)
    }
    worker.barrier()
    pass.project(step, thin, into: steps, worker)
    worker.barrier()
    scan(
      inputs.values, gates: projected.columns(d.channels..<(2 * d.channels)), selected, steps,
      into: mixed.values, pass, worker)
    worker.barrier()
    if mixed.blocks != nil {
      for row in worker.share(of: n) { pass.seal(mixed, row: row) }
      worker.barrier()
    }
    pass.project(output, mixed, into: out, worker)
    worker.barrier()
    worker.arena.release(to: mark)
  }

  /// Normalises one row's steps into `thin`, its B and C in place.
  private func normalize(
    _ selected: UnsafeMutablePointer<Float>, into thin: UnsafeMutablePointer<Float>,
    _ kernels: Kernels
  ) {
    let d = description
    let b = selected + d.stepRank
    let c = b + d.stateDimension
    stepNorm.apply(selected, into: thin, count: d.stepRank, kernels)
    inputNorm.apply(b, into: b, count: d.stateDimension, kernels)
    outputNorm.apply(c, into: c, count: d.stateDimension, kernels)
  }

  /// The recurrence and the gate. Channels do not meet: each worker takes some through all rows.
  private func scan(
    _ inputs: Matrix, gates: Matrix, _ selected: Matrix, _ steps: Matrix, into out: Matrix,
    _ pass: ForwardPass, _ worker: Worker
  ) {
    let d = description
    // States and decays of a piece stay in the first cache level.
    let size = max(1, min(2048 / d.stateDimension, (d.channels + worker.count - 1) / worker.count))
    worker.claim(d.channels, by: size) { range in
      let mark = worker.local.mark
      let decays = worker.local.take(range.count * d.stateDimension)
      for segment in pass.segments {
        let states =
          pass.cache.state(1, of: slot, sequence: segment.sequence)
          + range.lowerBound * d.stateDimension
        for row in segment.rows {
          discretize(range, steps[row], into: decays, pass.kernels)
          update(
            range, states, decays, steps[row], inputs[row], selected[row], into: out[row],
            pass.kernels)
          let result = out[row] + range.lowerBound
          pass.kernels.swiGLU(
            gate: gates[row] + range.lowerBound, up: result, into: result, range.count)
        }
      }
      worker.local.release(to: mark)
    }
  }

  /// One token's steps and the decays of every state element, for some channels.
  private func discretize(
    _ range: Range<Int>, _ steps: UnsafeMutablePointer<Float>,
    into decays: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    let width = description.stateDimension
    for channel in range {
      let step = softplus(steps[channel])
      steps[channel] = step
      let rate = rates.vector.base + channel * width
      let decay = decays + (channel - range.lowerBound) * width
      for i in 0..<width { decay[i] = step * rate[i] }
    }
    _ = kernels.exponentials(decays, minus: 0, range.count * width)
  }

  /// `S = decay * S + step * x * B`, `out = C S + D x`, for some channels of one token.
  private func update(
    _ range: Range<Int>, _ states: UnsafeMutablePointer<Float>, _ decays: UnsafePointer<Float>,
    _ steps: UnsafePointer<Float>, _ inputs: UnsafePointer<Float>,
    _ selected: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    let width = description.stateDimension
    let b = selected + description.stepRank
    let c = b + width
    for channel in range {
      let place = (channel - range.lowerBound) * width
      let state = states + place
      let decay = decays + place
      let change = steps[channel] * inputs[channel]
      for i in 0..<width { state[i] = decay[i] * state[i] + change * b[i] }
      out[channel] = kernels.dot(state, c, width) + skip[channel] * inputs[channel]
    }
  }
}
