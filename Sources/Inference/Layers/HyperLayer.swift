// A layer between several residual streams (Xie et al. 2026): each block reads a mixture of them and writes to all.

/// What such a layer is made of.
public struct HyperLayerDescription: Sendable, Hashable {
  public var mixerConnection: HyperConnectionDescription
  public var feedForwardConnection: HyperConnectionDescription
  /// The norms and blocks; a residual multiplier has no meaning here.
  public var blocks: PreNormLayerDescription

  public init(
    mixerConnection: HyperConnectionDescription,
    feedForwardConnection: HyperConnectionDescription, blocks: PreNormLayerDescription
  ) {
    self.mixerConnection = mixerConnection
    self.feedForwardConnection = feedForwardConnection
    self.blocks = blocks
  }
}

struct HyperLayer: Layer {
  private let mixerConnection: HyperConnection
  private let feedForwardConnection: HyperConnection
  private let mixerNorm: Norm
  private let mixer: any Mixer
  private let feedForwardNorm: Norm
  private let feedForward: any FeedForward
  private let streams: Int

  init(_ d: HyperLayerDescription, index: Int, _ builder: ModelBuilder) throws {
    let source = builder.source
    mixerConnection = try HyperConnection(d.mixerConnection, source)
    feedForwardConnection = try HyperConnection(d.feedForwardConnection, source)
    mixerNorm = try source.norm(d.blocks.mixerNorm)
    mixer = try builder.mixer(d.blocks.mixer)
    feedForwardNorm = try source.norm(d.blocks.feedForwardNorm)
    feedForward = try builder.feedForward(d.blocks.feedForward, layer: index)
    streams = d.mixerConnection.streams
  }

  func forward(_ stream: Matrix, _ pass: ForwardPass, _ worker: Worker) {
    let mark = worker.arena.mark
    let hidden = stream.columns / streams
    let normed = pass.takeActivations(rows: pass.count, columns: hidden, worker)
    let branch = worker.arena.take(rows: pass.count, columns: hidden)
    let coefficients = worker.arena.take(
      rows: pass.count, columns: mixerConnection.coefficients)
    read(mixerConnection, mixerNorm, stream, coefficients, normed, pass, worker)
    mixer.forward(normed, into: branch, pass, worker)
    write(mixerConnection, branch, coefficients, stream, pass, worker)
    read(feedForwardConnection, feedForwardNorm, stream, coefficients, normed, pass, worker)
    feedForward.forward(normed, into: branch, pass, worker)
    write(feedForwardConnection, branch, coefficients, stream, pass, worker)
    worker.arena.release(to: mark)
  }

  /// Ends with a barrier.
  private func read(
    _ connection: HyperConnection, _ norm: Norm, _ stream: Matrix, _ coefficients: Matrix,
    _ normed: Activations, _ pass: ForwardPass, _ worker: Worker
  ) {
    connection.project(stream, into: coefficients, pass, worker)
    worker.barrier()
    let hidden = normed.values.columns
    for row in worker.share(of: stream.rows) {
      let input = normed.values[row]
      connection.read(
        stream[row], coefficients[row], into: input, hidden: hidden, pass.kernels)
      norm.apply(input, into: input, count: hidden, pass.kernels)
      pass.seal(normed, row: row)
    }
    worker.barrier()
  }

  /// Ends with a barrier.
  private func write(
    _ connection: HyperConnection, _ branch: Matrix, _ coefficients: Matrix, _ stream: Matrix,
    _ pass: ForwardPass, _ worker: Worker
  ) {
    for row in worker.share(of: stream.rows) {
      connection.write(
        branch[row], coefficients[row], to: stream[row], hidden: branch.columns, pass, worker)
    }
    worker.barrier()
  }
}
