// Qwen2-MoE (Yang et al. 2024) and Qwen3-MoE (Yang et al. 2025): fine-grained experts, dense layers by rule.

/// What the generations share: which layers are sparse, and how their router weighs.
struct QwenLayers {
  let shape: Shape
  let sparse: [Bool]
  let experts: Int
  let perToken: Int
  let intermediate: Int
  private let denseIntermediate: Int?
  let normalization: RouterDescription.Normalization

  /// - Parameter alwaysSparse: The family has no dense layers and always renormalises, whatever the configuration says.
  init(_ shape: Shape, alwaysSparse: Bool = false) throws(EngineError) {
    let c = shape.configuration
    self.shape = shape
    try c.require("hidden_act", oneOf: ["silu"])
    (experts, perToken) = try shape.expertCounts(["num_experts", "num_local_experts"])
    intermediate = try c.int("moe_intermediate_size", in: 1...(1 << 24))
    denseIntermediate = try c.optionalInt("intermediate_size", in: 1...(1 << 24))
    if alwaysSparse {
      normalization = .sum(epsilon: 0)
      sparse = Array(repeating: true, count: shape.layers)
      return
    }
    // Qwen3-Next renormalises where its configuration does not say.
    let isNormalized = try c.bool(
      "norm_topk_prob", default: try c.optionalString("model_type") == "qwen3_next")
    normalization = isNormalized ? .sum(epsilon: 0) : .none
    let step = try c.int("decoder_sparse_step", default: 1, in: 1...4096)
    let dense = try c.optionalInts("mlp_only_layers", in: 0...4096) ?? []
    sparse = (0..<shape.layers).map { !dense.contains($0) && ($0 + 1) % step == 0 }
  }

  func mixture(_ prefix: String) -> SparseMixtureDescription {
    SparseMixtureDescription(
      router: RouterDescription(
        experts: experts, expertsPerToken: perToken,
        gate: LinearDescription(
          prefix + ".mlp.gate", inputs: shape.hidden, outputs: experts, role: .router),
        scoring: .softmax, normalization: normalization),
      experts: shape.experts(prefix + ".mlp", count: experts, intermediate: intermediate))
  }

  /// The mixture with the expert that every token visits, and its gate.
  func sharedMixture(_ prefix: String) throws(EngineError) -> SparseMixtureDescription {
    var mixture = mixture(prefix)
    mixture.shared = GatedFeedForwardDescription(
      prefix + ".mlp.shared_expert", hidden: shape.hidden,
      intermediate: try shape.configuration.int(
        "shared_expert_intermediate_size", in: 1...(1 << 24)),
      role: .sharedExpert)
    mixture.sharedGate = LinearDescription(
      prefix + ".mlp.shared_expert_gate", inputs: shape.hidden, outputs: 1, role: .router)
    return mixture
  }

  func dense(_ prefix: String) throws(EngineError) -> FeedForwardDescription {
    guard let denseIntermediate else {
      throw shape.configuration.refusal("intermediate_size", "is missing")
    }
    return .dense(
      GatedFeedForwardDescription(
        prefix + ".mlp", hidden: shape.hidden, intermediate: denseIntermediate,
        role: .denseFeedForward))
  }

  /// Windows of Qwen2-MoE: by `layer_types`, or on every other layer below `max_window_layers`.
  func alternatingWindows() throws(EngineError) -> [Visibility] {
    let c = shape.configuration
    guard try c.bool("use_sliding_window", default: false) else {
      return Array(repeating: .causal, count: shape.layers)
    }
    let end = try c.optionalInt("max_window_layers") ?? 28
    return try shape.windows(c.optionalInt("sliding_window") ?? 4096) { $0 % 2 == 0 && $0 < end }
  }
}

enum Qwen2MoE: Architecture {
  static let modelTypes = ["qwen2_moe"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    let shape = try Shape(c)
    let qwen = try QwenLayers(shape)
    let bias = try c.bool("qkv_bias", default: true)
    let windows = try qwen.alternatingWindows()
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      var attention = try shape.attention(prefix + ".self_attn", bias: bias)
      attention.rotary = try c.rotary(dimension: attention.headDimension)
      attention.visibility = windows[index]
      layers.append(
        shape.layer(
          prefix, .groupedQuery(attention),
          qwen.sparse[index]
            ? .mixture(try qwen.sharedMixture(prefix)) : try qwen.dense(prefix)))
    }
    return try shape.model(layers)
  }
}

enum Qwen3MoE: Architecture {
  static let modelTypes = ["qwen3_moe"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    let shape = try Shape(c)
    let qwen = try QwenLayers(shape)
    let bias = try c.bool("attention_bias", default: false)
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      var attention = try shape.attention(prefix + ".self_attn", bias: bias, outputBias: bias)
      attention.rotary = try c.rotary(dimension: attention.headDimension)
      attention.visibility = try shape.window(enabledBy: "use_sliding_window")
      attention.norm = .perHead(
        query: shape.norm(prefix + ".self_attn.q_norm", attention.headDimension),
        key: shape.norm(prefix + ".self_attn.k_norm", attention.headDimension))
      layers.append(
        shape.layer(
          prefix, .groupedQuery(attention),
          qwen.sparse[index] ? .mixture(qwen.mixture(prefix)) : try qwen.dense(prefix)))
    }
    return try shape.model(layers)
  }
}
