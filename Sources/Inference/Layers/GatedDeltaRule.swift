// Gated DeltaNet (Yang, Kautz and Hatamizadeh 2024) and Kimi Delta Attention (Moonshot AI 2025): a delta rule whose
// state fades, by head or by channel.

/// What a gated delta-rule layer is made of.
public struct GatedDeltaRuleDescription: Sendable, Hashable {
  /// How inputs, output gates, strengths and decays are projected.
  public enum Projections: Sendable, Hashable {
    /// By key head: `[q | k | its heads' v | its heads' gates]`, and `[strengths | decays]` of its heads (Qwen3-Next).
    case byKeyHead(inputs: LinearDescription, strengths: LinearDescription)
    /// All q, all k, all v, in one product or several; the others on their own.
    case bySort(
      inputs: [LinearDescription], gate: FactoredDescription, strength: LinearDescription,
      decay: FactoredDescription)
  }

  /// What the output gate goes through before it multiplies.
  public enum OutputGate: Sendable, Hashable { case silu, sigmoid }

  public var keyHeads: Int
  public var heads: Int
  public var keyDimension: Int
  public var valueDimension: Int
  public var projections: Projections
  /// Over `[q | k | v]`, one after the other.
  public var convolutions: [CausalConvolutionDescription]
  /// Logarithms of the decay rates, `[heads]`.
  public var logRates: Parameter
  /// Added to the decays before their softplus: `[heads]`, or `[heads * keyDimension]` where each channel fades on its own.
  public var decayBias: Parameter
  /// Over each head's output, before the gate.
  public var norm: NormDescription
  public var outputGate: OutputGate
  public var output: LinearDescription

  var inputWidth: Int { 2 * keyHeads * keyDimension + heads * valueDimension }
}

/// A projection, or the product of two thin ones.
public struct FactoredDescription: Sendable, Hashable {
  public var inner: LinearDescription?
  public var outer: LinearDescription

  public init(_ outer: LinearDescription, inner: LinearDescription? = nil) {
    self.inner = inner
    self.outer = outer
  }
}

struct GatedDeltaRule: Mixer {
  private let description: GatedDeltaRuleDescription
  private let projections: DeltaProjections
  private let convolutions: [CausalConvolution]
  private let rates: DerivedFloats
  private let decayBias: Vector
  private let norm: Norm
  private let output: Linear
  private let recurrence: MatrixRecurrence
  private let slot: Int

  static func cacheShape(_ d: GatedDeltaRuleDescription) -> CacheShape {
    CacheShape(
      states: d.convolutions.map(\.stateFloats) + [d.heads * d.valueDimension * d.keyDimension])
  }

  init(_ d: GatedDeltaRuleDescription, slot: Int, _ builder: ModelBuilder) throws {
    let source = builder.source
    description = d
    projections = try DeltaProjections(d, source)
    convolutions = try d.convolutions.map { try CausalConvolution($0, source) }
    let logRates = try source.vector(d.logRates)
    rates = try DerivedFloats(d.heads, from: source, purpose: d.logRates.name) { rates in
      for head in 0..<logRates.count { rates[head] = -exponential(logRates[head]) }
    }
    decayBias = try source.vector(d.decayBias)
    norm = try source.norm(d.norm)
    output = try source.linear(d.output)
    recurrence = MatrixRecurrence(
      heads: d.heads, keyHeads: d.keyHeads, keyDimension: d.keyDimension,
      valueDimension: d.valueDimension, update: .correct)
    self.slot = slot
  }

  func forward(_ x: Activations, into out: Matrix, _ pass: ForwardPass, _ worker: Worker) {
    let d = description
    let mark = worker.arena.mark
    let n = pass.count
    let keys = d.keyHeads * d.keyDimension
    let raw = DeltaProjections.Rows(
      inputs: worker.arena.take(rows: n, columns: d.inputWidth),
      gates: worker.arena.take(rows: n, columns: d.heads * d.valueDimension),
      strengths: worker.arena.take(rows: n, columns: d.heads),
      decays: worker.arena.take(rows: n, columns: decayBias.count))
    let inputs = worker.arena.take(rows: n, columns: d.inputWidth)
    let mixed = pass.takeActivations(rows: n, columns: d.heads * d.valueDimension, worker)
    projections.forward(x, into: raw, pass, worker)
    convolve(raw.inputs, into: inputs, pass, worker)
    worker.barrier()
    for row in worker.share(of: n) {
      prepare(inputs[row], raw.strengths[row], raw.decays[row], pass.kernels)
    }
    worker.barrier()
    recurrence.forward(
      MatrixRecurrence.Inputs(
        queries: inputs.columns(0..<keys), keys: inputs.columns(keys..<(2 * keys)),
        values: inputs.columns((2 * keys)..<d.inputWidth), decays: raw.decays,
        strengths: raw.strengths),
      into: mixed.values, state: convolutions.count, of: slot, pass, worker)
    worker.barrier()
    for row in worker.share(of: n) {
      finish(mixed.values[row], gate: raw.gates[row], pass.kernels)
      pass.seal(mixed, row: row)
    }
    worker.barrier()
    pass.project(output, mixed, into: out, worker)
    worker.barrier()
    worker.arena.release(to: mark)
  }

  private func convolve(_ x: Matrix, into out: Matrix, _ pass: ForwardPass, _ worker: Worker) {
    var first = 0
    for index in convolutions.indices {
      let columns = first..<(first + convolutions[index].channels)
      convolutions[index].forward(
        x.columns(columns), into: out.columns(columns), state: index, of: slot, pass, worker)
      first = columns.upperBound
    }
  }

  /// Scales one row's queries and keys to length 1, and turns logits into strengths and decays.
  private func prepare(
    _ inputs: UnsafeMutablePointer<Float>, _ strengths: UnsafeMutablePointer<Float>,
    _ decays: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    let d = description
    for head in 0..<(2 * d.keyHeads) {
      let vector = inputs + head * d.keyDimension
      var factor = 1 / (kernels.sumOfSquares(vector, d.keyDimension) + 1e-6).squareRoot()
      if head < d.keyHeads { factor /= Float(d.keyDimension).squareRoot() }
      kernels.scale(vector, by: factor, d.keyDimension)
    }
    kernels.sigmoid(strengths, d.heads)
    let channels = decayBias.count / d.heads
    for i in 0..<decayBias.count {
      decays[i] = exponential(rates[i / channels] * softplus(decays[i] + decayBias[i]))
    }
  }

  /// Normalises and gates one row of outputs.
  private func finish(
    _ mixed: UnsafeMutablePointer<Float>, gate: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    let d = description
    for head in 0..<d.heads {
      let vector = mixed + head * d.valueDimension
      norm.apply(vector, into: vector, count: d.valueDimension, kernels)
    }
    let width = d.heads * d.valueDimension
    switch d.outputGate {
    case .silu:
      kernels.swiGLU(gate: gate, up: mixed, into: mixed, width)
    case .sigmoid:
      kernels.sigmoid(gate, width)
      multiply(mixed, by: gate, width)
    }
  }
}
