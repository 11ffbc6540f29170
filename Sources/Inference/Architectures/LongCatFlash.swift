// LongCat-Flash (Meituan 2025): shortcut layers, scaled low-rank projections, experts that compute nothing.

enum LongCatFlash: Architecture {
  static let modelTypes = ["longcat_flash"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    let shape = try Shape(c, layersKey: "num_layers")
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      layers.append(
        .shortcut(
          ShortcutLayerDescription(
            first: try half(shape, prefix, 0), second: try half(shape, prefix, 1),
            mixture: try mixture(shape, prefix + ".mlp"))))
    }
    return try shape.model(layers)
  }

  private static func half(_ shape: Shape, _ prefix: String, _ index: Int) throws(EngineError)
    -> ShortcutLayerDescription.Half
  {
    ShortcutLayerDescription.Half(
      mixerNorm: shape.norm("\(prefix).input_layernorm.\(index)"),
      mixer: .latent(try attention(shape, "\(prefix).self_attn.\(index)")),
      feedForwardNorm: shape.norm("\(prefix).post_attention_layernorm.\(index)"),
      feedForward: GatedFeedForwardDescription(
        "\(prefix).mlps.\(index)", hidden: shape.hidden,
        intermediate: try shape.configuration.int("ffn_hidden_size", in: 1...(1 << 24)),
        role: .denseFeedForward))
  }

  /// Queries and latents grow by the square root of what their rank saves.
  private static func attention(_ shape: Shape, _ prefix: String) throws(EngineError)
    -> LatentAttentionDescription
  {
    let c = shape.configuration
    var attention = try shape.latentAttention(prefix)
    guard case .lowRank(let down, _, _) = attention.query else {
      throw c.refusal("q_lora_rank", "is missing")
    }
    if try c.bool("mla_scale_q_lora", default: true) {
      attention.scale *= (Float(shape.hidden) / Float(down.outputs)).squareRoot()
    }
    if try c.bool("mla_scale_kv_lora", default: true) {
      attention.latentScale = (Float(shape.hidden) / Float(attention.latent)).squareRoot()
    }
    return attention
  }

  private static func mixture(_ shape: Shape, _ prefix: String) throws(EngineError)
    -> SparseMixtureDescription
  {
    let c = shape.configuration
    try c.require("zero_expert_type", oneOf: ["identity"])
    try c.requireOff("norm_topk_prob")
    let experts = try c.int("n_routed_experts", in: 1...65536)
    let identities = try c.int("zero_expert_num", default: 0, in: 0...65536)
    let k = try c.int(anyOf: ["moe_topk", "num_experts_per_tok"], in: 1...65536)
    guard k <= experts + identities else {
      throw c.refusal("moe_topk", "\(k) experts a token of \(experts + identities)")
    }
    // `router_bias` adds a bias to the module; the reference implementation stores it and never adds it.
    var router = RouterDescription(
      experts: experts, expertsPerToken: k,
      gate: LinearDescription(
        prefix + ".router.classifier", inputs: shape.hidden, outputs: experts + identities,
        role: .router),
      scoring: .softmax)
    router.identityExperts = identities
    router.choiceBias = Parameter(
      vector: prefix + ".router.e_score_correction_bias", count: experts + identities,
      role: .router)
    router.scale = try c.float("routed_scaling_factor", default: 1)
    return SparseMixtureDescription(
      router: router,
      experts: shape.experts(
        prefix, count: experts,
        intermediate: try c.int("expert_ffn_hidden_size", in: 1...(1 << 24))))
  }
}
