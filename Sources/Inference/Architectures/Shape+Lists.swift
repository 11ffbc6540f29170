// Configuration keys that hold one value for all layers, or a list with one for each.

extension Shape {
  /// `layer_types`, each one of `allowed`; nil where the configuration has none.
  func layerTypes(_ allowed: [String]) throws(EngineError) -> [String]? {
    let c = configuration
    guard let types = try checkLength(c.optionalStrings("layer_types"), "layer_types") else {
      return nil
    }
    if let other = types.first(where: { !allowed.contains($0) }) {
      throw c.refusal("layer_types", "\(other.quotedForMessage()) is not implemented")
    }
    return types
  }

  /// The window of each layer, by `layer_types` where given and by `isSliding` where not.
  func windows(_ size: Int?, where isSliding: (Int) -> Bool) throws(EngineError) -> [Visibility] {
    let types = try layerTypes(["sliding_attention", "full_attention"])
    return try (0..<layers).map { (index) throws(EngineError) in
      guard types.map({ $0[index] == "sliding_attention" }) ?? isSliding(index) else {
        return .causal
      }
      guard let size, size > 0 else {
        throw configuration.refusal("sliding_window", "is missing for layers that slide")
      }
      return .window(size)
    }
  }

  /// An integer for each layer: the key holds one for all, or a list.
  func integers(_ key: String, default fallback: Int? = nil, in range: ClosedRange<Int>)
    throws(EngineError) -> [Int]
  {
    let c = configuration
    if c.value(key)?.array != nil {
      guard let list = try checkLength(c.optionalInts(key, in: range), key) else { return [] }
      return list
    }
    return Array(repeating: try c.int(key, default: fallback, in: range), count: layers)
  }

  /// Norms of queries and keys over each head, `prefix.q_norm` and `prefix.k_norm`.
  func headNorms(_ prefix: String, _ dimension: Int)
    -> GroupedQueryAttentionDescription.QueryKeyNorm
  {
    .perHead(
      query: norm(prefix + ".q_norm", dimension), key: norm(prefix + ".k_norm", dimension))
  }
}

extension Shape {
  /// `count` experts that every token visits, stored as one network of their joint width; nil for none.
  func sharedExperts(_ prefix: String, _ count: Int, width: Int, bias: Bool = false)
    -> GatedFeedForwardDescription?
  {
    guard count > 0 else { return nil }
    return GatedFeedForwardDescription(
      prefix, hidden: hidden, intermediate: count * width, role: .sharedExpert, bias: bias)
  }
}
