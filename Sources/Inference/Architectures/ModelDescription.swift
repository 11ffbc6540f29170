// A model as data: what each layer is made of and where its weights lie. Running, counting and generating read this.

/// What mixes positions in a layer.
public enum MixerDescription: Sendable, Hashable {
  case groupedQuery(GroupedQueryAttentionDescription)
  case latent(LatentAttentionDescription)
  case compressed(CompressedAttentionDescription)
  case gatedDeltaRule(GatedDeltaRuleDescription)
  case selectiveScan(SelectiveScanDescription)
  case stateSpaceDuality(StateSpaceDualityDescription)
  case shortConvolution(ShortConvolutionDescription)
}

/// What a layer does at each position.
public enum FeedForwardDescription: Sendable, Hashable {
  case dense(GatedFeedForwardDescription)
  case mixture(SparseMixtureDescription)
}

/// One layer.
public enum LayerDescription: Sendable, Hashable {
  case preNorm(PreNormLayerDescription)
  case shortcut(ShortcutLayerDescription)
  case hyper(HyperLayerDescription)
}

/// `x += m mixer(norm x)`, then `x += m feedForward(norm x)`.
public struct PreNormLayerDescription: Sendable, Hashable {
  public var mixerNorm: NormDescription
  public var mixer: MixerDescription
  public var feedForwardNorm: NormDescription
  public var feedForward: FeedForwardDescription
  public var residualMultiplier: Float

  public init(
    mixerNorm: NormDescription, mixer: MixerDescription, feedForwardNorm: NormDescription,
    feedForward: FeedForwardDescription, residualMultiplier: Float = 1
  ) {
    self.mixerNorm = mixerNorm
    self.mixer = mixer
    self.feedForwardNorm = feedForwardNorm
    self.feedForward = feedForward
    self.residualMultiplier = residualMultiplier
  }
}

/// A decoder, from token to next-token scores.
public struct ModelDescription: Sendable, Hashable {
  /// The configuration's `model_type`.
  public var family: String
  public var vocabulary: Int
  public var hidden: Int
  /// Positions the model was made for; nil where its configuration does not say.
  public var context: Int?
  public var embedding: Parameter
  public var embeddingMultiplier: Float = 1
  public var layers: [LayerDescription]
  /// How several residual streams become one at the end; nil where there is only one.
  public var streams: HyperConnectionDescription?
  public var finalNorm: NormDescription
  /// nil: the embedding is used again.
  public var head: LinearDescription?
  /// Added to the scores where the embedding is used again.
  public var tiedHeadBias: Parameter?
  /// The scores are divided by this.
  public var logitsDivisor: Float = 1
  /// Tensors that begin with one of these are known and not part of the text decoder: multi-token-prediction layers,
  /// vision towers.
  public var skippedPrefixes: [String] = []

  public init(
    family: String, vocabulary: Int, hidden: Int, context: Int?, embedding: String,
    layers: [LayerDescription], finalNorm: NormDescription, head: LinearDescription?
  ) {
    self.family = family
    self.vocabulary = vocabulary
    self.hidden = hidden
    self.context = context
    self.embedding = Parameter(
      matrix: embedding, rows: vocabulary, columns: hidden, role: .embedding)
    self.layers = layers
    self.finalNorm = finalNorm
    self.head = head
  }
}
