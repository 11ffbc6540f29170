// The layer of LongCat-Flash (Meituan 2025, section 2.2): two attentions, two dense networks, and a mixture whose
// result skips the second half.

/// What a shortcut layer is made of.
public struct ShortcutLayerDescription: Sendable, Hashable {
  /// An attention followed by a dense network, each behind its norm.
  public struct Half: Sendable, Hashable {
    public var mixerNorm: NormDescription
    public var mixer: MixerDescription
    public var feedForwardNorm: NormDescription
    public var feedForward: GatedFeedForwardDescription

    public init(
      mixerNorm: NormDescription, mixer: MixerDescription, feedForwardNorm: NormDescription,
      feedForward: GatedFeedForwardDescription
    ) {
      self.mixerNorm = mixerNorm
      self.mixer = mixer
      self.feedForwardNorm = feedForwardNorm
      self.feedForward = feedForward
    }
  }

  public var first: Half
  public var second: Half
  /// Reads what the first dense network reads; joins the stream at the layer's end.
  public var mixture: SparseMixtureDescription

  public init(first: Half, second: Half, mixture: SparseMixtureDescription) {
    self.first = first
    self.second = second
    self.mixture = mixture
  }
}

struct ShortcutLayer: Layer {
  private struct Half: Sendable {
    let mixerNorm: Norm
    let mixer: any Mixer
    let feedForwardNorm: Norm
    let feedForward: GatedFeedForward

    init(_ d: ShortcutLayerDescription.Half, _ builder: ModelBuilder) throws {
      mixerNorm = try builder.source.norm(d.mixerNorm)
      mixer = try builder.mixer(d.mixer)
      feedForwardNorm = try builder.source.norm(d.feedForwardNorm)
      feedForward = try GatedFeedForward(d.feedForward, builder.source)
    }
  }

  private let first: Half
  private let second: Half
  private let mixture: SparseMixture

  init(_ d: ShortcutLayerDescription, index: Int, _ builder: ModelBuilder) throws {
    first = try Half(d.first, builder)
    second = try Half(d.second, builder)
    mixture = try SparseMixture(d.mixture, layer: index, builder)
  }

  func forward(_ stream: Matrix, _ pass: ForwardPass, _ worker: Worker) {
    let mark = worker.arena.mark
    let normed = pass.takeActivations(rows: pass.count, columns: stream.columns, worker)
    let branch = worker.arena.take(rows: pass.count, columns: stream.columns)
    let shortcut = worker.arena.take(rows: pass.count, columns: stream.columns)
    attend(first, stream, normed, branch, pass, worker)
    mixture.forward(normed, into: shortcut, pass, worker)
    first.feedForward.forward(normed, into: branch, pass, worker)
    pass.add(branch, times: 1, to: stream, worker)
    attend(second, stream, normed, branch, pass, worker)
    second.feedForward.forward(normed, into: branch, pass, worker)
    pass.add(branch, times: 1, to: stream, worker)
    pass.add(shortcut, times: 1, to: stream, worker)
    worker.barrier()
    worker.arena.release(to: mark)
  }

  /// Adds the attention to the stream and leaves in `normed` what the networks after it read.
  private func attend(
    _ half: Half, _ stream: Matrix, _ normed: Activations, _ branch: Matrix, _ pass: ForwardPass,
    _ worker: Worker
  ) {
    pass.normalize(stream, half.mixerNorm, into: normed, worker)
    half.mixer.forward(normed, into: branch, pass, worker)
    pass.add(branch, times: 1, to: stream, worker)
    pass.normalize(stream, half.feedForwardNorm, into: normed, worker)
  }
}
