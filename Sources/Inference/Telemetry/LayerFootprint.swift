// What one layer reads in every pass, whatever its router chooses.

/// A layer's share of the weights and of the cache.
public struct LayerFootprint: Sendable, Equatable {
  /// Bytes of its weights without the routed experts.
  public let sharedWeightBytes: Int
  /// Its mixers, by their place in the cache.
  public let mixers: Range<Int>
}
