// From a description to layers with weights, each weight asked for once.

/// Collects what the layers of one model share while they are built.
final class ModelBuilder {
  let source: any WeightSource
  /// Positions the cache will hold: rotation tables reach this far.
  let positions: Int
  private(set) var cacheShapes: [CacheShape] = []
  private(set) var mixtures: [MixtureShape] = []
  /// Keys that the model's indexers choose for a row, at most; 0 without indexers.
  private(set) var selectionLimit = 0
  private var rotaries: [RotaryDescription: RotaryTable] = [:]

  init(source: any WeightSource, positions: Int) {
    self.source = source
    self.positions = positions
  }

  /// Layers with the same rotation share one table.
  func rotaryTable(_ description: RotaryDescription) throws -> RotaryTable {
    if let table = rotaries[description] { return table }
    let table = try RotaryTable(description, positions: positions)
    rotaries[description] = table
    return table
  }

  /// Reserves a mixer's place in the cache.
  func nextSlot(_ shape: CacheShape) -> Int {
    cacheShapes.append(shape)
    return cacheShapes.count - 1
  }

  func nextMixture(_ shape: MixtureShape) -> Int {
    mixtures.append(shape)
    return mixtures.count - 1
  }

  /// Makes room for an indexer's choice of keys.
  func reserveSelections(of limit: Int) { selectionLimit = max(selectionLimit, limit) }

  func layer(_ description: LayerDescription, index: Int) throws -> any Layer {
    switch description {
    case .preNorm(let d):
      PreNormLayer(
        mixerNorm: try source.norm(d.mixerNorm), mixer: try mixer(d.mixer),
        feedForwardNorm: try source.norm(d.feedForwardNorm),
        feedForward: try feedForward(d.feedForward, layer: index),
        residualMultiplier: d.residualMultiplier)
    case .shortcut(let d): try ShortcutLayer(d, index: index, self)
    case .hyper(let d): try HyperLayer(d, index: index, self)
    }
  }

  func mixer(_ description: MixerDescription) throws -> any Mixer {
    switch description {
    case .groupedQuery(let d):
      try GroupedQueryAttention(
        d, slot: nextSlot(GroupedQueryAttention.cacheShape(d)), self)
    case .latent(let d):
      try LatentAttention(d, slot: nextSlot(LatentAttention.cacheShape(d)), self)
    case .compressed(let d):
      try CompressedAttention(d, slot: nextSlot(CompressedAttention.cacheShape(d)), self)
    case .gatedDeltaRule(let d):
      try GatedDeltaRule(d, slot: nextSlot(GatedDeltaRule.cacheShape(d)), self)
    case .selectiveScan(let d):
      try SelectiveScan(d, slot: nextSlot(SelectiveScan.cacheShape(d)), self)
    case .stateSpaceDuality(let d):
      try StateSpaceDuality(d, slot: nextSlot(StateSpaceDuality.cacheShape(d)), self)
    case .shortConvolution(let d):
      try ShortConvolution(d, slot: nextSlot(ShortConvolution.cacheShape(d)), self)
    }
  }

  func feedForward(_ description: FeedForwardDescription, layer: Int) throws -> any FeedForward {
    switch description {
    case .dense(let d): try GatedFeedForward(d, source)
    case .mixture(let d): try SparseMixture(d, layer: layer, self)
    }
  }
}
