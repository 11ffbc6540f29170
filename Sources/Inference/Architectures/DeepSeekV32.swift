// DeepSeek-V3.2 (DeepSeek-AI 2025) and GLM-5 (Z.ai 2026): DeepSeek-V3 with sparse attention.

enum DeepSeekV32: Architecture {
  static let modelTypes = ["deepseek_v32"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    let shape = try Shape(c)
    return try SparseLatentLayers(shape, indexerPairing: .halves).model(
      indexed: Array(repeating: true, count: shape.layers))
  }
}

enum GlmMoEDSA: Architecture {
  static let modelTypes = ["glm_moe_dsa"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    let shape = try Shape(c)
    return try SparseLatentLayers(shape, indexerPairing: .neighbours).model(
      indexed: indexedLayers(shape))
  }

  /// Which layers have an indexer of their own; the others take over the choice of the last that has one.
  private static func indexedLayers(_ shape: Shape) throws(EngineError) -> [Bool] {
    let c = shape.configuration
    if let types = try shape.checkLength(c.optionalStrings("indexer_types"), "indexer_types") {
      return try read(types, "indexer_types", full: "full", shared: "shared", c)
    }
    if c.value("index_topk_pattern")?.string != nil,
      let pattern = try c.optionalString("index_topk_pattern")
    {
      let letters = try shape.checkLength(pattern.map(String.init), "index_topk_pattern") ?? []
      return try read(letters, "index_topk_pattern", full: "F", shared: "S", c)
    }
    if let types = try shape.checkLength(
      c.optionalStrings("index_topk_pattern"), "index_topk_pattern")
    {
      return try read(types, "index_topk_pattern", full: "full", shared: "shared", c)
    }
    let period = max(try c.optionalInt("index_topk_freq") ?? 1, 1)
    let offset = try c.optionalInt("index_skip_topk_offset") ?? 2
    return (0..<shape.layers).map { max($0 - offset + 1, 0) % period == 0 }
  }

  private static func read(
    _ types: [String], _ key: String, full: String, shared: String, _ c: ModelConfiguration
  ) throws(EngineError) -> [Bool] {
    if let other = types.first(where: { $0 != full && $0 != shared }) {
      throw c.refusal(key, "\(other.quotedForMessage()) is neither \(full) nor \(shared)")
    }
    guard types.first == full else {
      throw c.refusal(key, "the first layer has no earlier choice of keys to share")
    }
    return types.map { $0 == full }
  }
}

/// What the two families share.
private struct SparseLatentLayers {
  let shape: Shape
  let indexerPairing: RotaryDescription.Pairing

  init(_ shape: Shape, indexerPairing: RotaryDescription.Pairing) throws(EngineError) {
    let c = shape.configuration
    self.shape = shape
    try c.require("hidden_act", oneOf: ["silu"])
    try c.requireOff("mlp_bias")
    try c.requireOn("rope_interleave")
    let types = try shape.checkLength(c.optionalStrings("layer_types"), "layer_types") ?? []
    if let other = types.first(where: { $0 != "indexed_attention" }) {
      throw c.refusal("layer_types", "\(other.quotedForMessage()) is not implemented")
    }
    let interleaved = try c.bool("indexer_rope_interleave", default: indexerPairing == .neighbours)
    self.indexerPairing = interleaved ? .neighbours : .halves
  }

  func model(indexed: [Bool]) throws(EngineError) -> ModelDescription {
    let sparse = try shape.sparseLayers(firstDense: 3)
    let (experts, k) = try shape.expertCounts(["n_routed_experts"])
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let name = "model.layers.\(index)"
      let attention = try self.attention(name + ".self_attn", isIndexed: indexed[index])
      let router = try shape.correctedRouter(name, experts: experts, perToken: k, scale: nil)
      layers.append(
        shape.layer(
          name, .latent(attention),
          try shape.feedForward(name, isSparse: sparse[index], router: router)))
    }
    return try shape.model(layers)
  }

  private func attention(_ prefix: String, isIndexed: Bool) throws(EngineError)
    -> LatentAttentionDescription
  {
    let c = shape.configuration
    var attention = try shape.latentAttention(prefix)
    let limit = try c.int("index_topk", in: 1...(1 << 24))
    guard case .lowRank(let down, _, _) = attention.query else {
      throw c.refusal("q_lora_rank", "is missing")
    }
    attention.selection =
      isIndexed
      ? .indexed(try indexer(prefix + ".indexer", rank: down.outputs, limit: limit))
      : .shared(limit: limit)
    return attention
  }

  private func indexer(_ prefix: String, rank: Int, limit: Int) throws(EngineError)
    -> IndexerDescription
  {
    let c = shape.configuration
    let heads = try c.int("index_n_heads", in: 1...65536)
    let dimension = try c.int("index_head_dim", in: 1...65536)
    let rotated = try c.int("qk_rope_head_dim", in: 2...65536)
    guard rotated <= dimension else {
      throw c.refusal("index_head_dim", "is \(dimension), less than qk_rope_head_dim \(rotated)")
    }
    func linear(_ name: String, _ inputs: Int, _ outputs: Int) -> LinearDescription {
      LinearDescription("\(prefix).\(name)", inputs: inputs, outputs: outputs, role: .attention)
    }
    var weights = linear("weights_proj", shape.hidden, heads)
    weights.weight.isQuantizable = false
    return IndexerDescription(
      heads: heads, dimension: dimension, limit: limit,
      query: linear("wq_b", rank, heads * dimension),
      keys: .positions(
        linear("wk", shape.hidden, dimension),
        norm: NormDescription(
          prefix + ".k_norm", count: dimension, epsilon: 1e-6, kind: .layer(bias: true))),
      weights: weights, rotary: try c.rotary(dimension: rotated, pairing: indexerPairing))
  }
}
