// The gated short convolution of LFM2 (Liquid AI 2025): `C * conv(B * x)`, with B, C and x linear in the input.

/// What a gated short convolution is made of.
public struct ShortConvolutionDescription: Sendable, Hashable {
  /// `[3 * hidden, hidden]`: the rows of B, of C, of x.
  public var input: LinearDescription
  public var convolution: CausalConvolutionDescription
  public var output: LinearDescription

  public init(
    input: LinearDescription, convolution: CausalConvolutionDescription, output: LinearDescription
  ) {
    self.input = input
    self.convolution = convolution
    self.output = output
  }
}

struct ShortConvolution: Mixer {
  private let input: Linear
  private let convolution: CausalConvolution
  private let output: Linear
  private let slot: Int

  static func cacheShape(_ d: ShortConvolutionDescription) -> CacheShape {
    CacheShape(states: [d.convolution.stateFloats])
  }

  init(_ d: ShortConvolutionDescription, slot: Int, _ builder: ModelBuilder) throws {
    input = try builder.source.linear(d.input)
    convolution = try CausalConvolution(d.convolution, builder.source)
    output = try builder.source.linear(d.output)
    self.slot = slot
  }

  func forward(_ x: Activations, into out: Matrix, _ pass: ForwardPass, _ worker: Worker) {
    let mark = worker.arena.mark
    let n = pass.count
    let width = convolution.channels
    let projected = worker.arena.take(rows: n, columns: input.outputs)
    let mixed = pass.takeActivations(rows: n, columns: width, worker)
    let gated = projected.columns(0..<width)
    pass.project(input, x, into: projected, worker)
    worker.barrier()
    for row in worker.share(of: n) {
      multiply(gated[row], by: projected[row] + 2 * width, width)
    }
    worker.barrier()
    convolution.forward(gated, into: mixed.values, state: 0, of: slot, pass, worker)
    worker.barrier()
    for row in worker.share(of: n) {
      multiply(mixed.values[row], by: projected[row] + width, width)
      pass.seal(mixed, row: row)
    }
    worker.barrier()
    pass.project(output, mixed, into: out, worker)
    worker.barrier()
    worker.arena.release(to: mark)
  }
}
