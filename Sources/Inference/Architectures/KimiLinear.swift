// Kimi Linear (Moonshot AI 2025): three Kimi Delta Attention layers to one latent attention layer without rotation,
// over DeepSeek-V3's mixtures.

enum KimiLinear: Architecture {
  static let modelTypes = ["kimi_linear"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    var shape = try Shape(c, epsilonByDefault: 1e-5)
    // The reference implementation has a head of its own whatever `tie_word_embeddings` says.
    shape.tied = false
    let isFull = try fullAttentionLayers(shape)
    let sparse = try shape.sparseLayers(firstDense: 1)
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      let mixer: MixerDescription =
        isFull[index]
        ? .latent(try latentAttention(shape, prefix + ".self_attn"))
        : .gatedDeltaRule(try deltaAttention(shape, prefix + ".self_attn"))
      layers.append(
        shape.layer(
          prefix, mixer,
          sparse[index]
            ? .mixture(try mixture(shape, prefix + ".block_sparse_moe"))
            : try shape.denseLayer(prefix)))
    }
    var model = try shape.model(layers)
    model.context = try c.optionalInt("model_max_length") ?? model.context
    return model
  }

  /// By `layer_types`, or by the hub's lists that count layers from 1, or every fourth.
  private static func fullAttentionLayers(_ shape: Shape) throws(EngineError) -> [Bool] {
    let c = shape.configuration
    if let types = try shape.checkLength(c.optionalStrings("layer_types"), "layer_types") {
      if let other = types.first(where: { $0 != "full_attention" && $0 != "linear_attention" }) {
        throw c.refusal("layer_types", "\(other.quotedForMessage()) is not implemented")
      }
      return types.map { $0 == "full_attention" }
    }
    guard let linear = try c.optionalObject("linear_attn_config"),
      let full = try linear.optionalInts("full_attn_layers", in: 1...shape.layers),
      let delta = try linear.optionalInts("kda_layers", in: 1...shape.layers)
    else { return (0..<shape.layers).map { $0 > 0 && $0 % 4 == 0 } }
    guard (full + delta).sorted() == Array(1...shape.layers) else {
      throw linear.refusal(
        "full_attn_layers", "and \"kda_layers\" do not name each of \(shape.layers) layers once")
    }
    return (1...shape.layers).map { full.contains($0) }
  }

  private static func latentAttention(_ shape: Shape, _ prefix: String) throws(EngineError)
    -> LatentAttentionDescription
  {
    let c = shape.configuration
    var attention = try shape.latentAttention(prefix)
    let keyHeads = try c.int("num_key_value_heads", default: attention.heads)
    guard keyHeads == attention.heads else {
      throw c.refusal(
        "num_key_value_heads", "is \(keyHeads); only all \(attention.heads) is implemented")
    }
    try c.requireOn("mla_use_nope")
    // The slice that others rotate is there, and stays as it is, whatever is said of a rotation.
    attention.rotary = nil
    attention.scale = 1 / Float(attention.unrotated + attention.rotated).squareRoot()
    return attention
  }

  private static func deltaAttention(_ shape: Shape, _ prefix: String) throws(EngineError)
    -> GatedDeltaRuleDescription
  {
    let c = shape.configuration
    let hub = try c.optionalObject("linear_attn_config")
    let heads = try size(c, "linear_num_heads", hub, "num_heads", default: 32)
    let head = try size(c, "linear_head_dim", hub, "head_dim", default: 128)
    let taps = try size(
      c, "linear_conv_kernel_dim", hub, "short_conv_kernel_size", default: 4)
    let width = heads * head
    func linear(_ name: String, _ inputs: Int, _ outputs: Int) -> LinearDescription {
      LinearDescription(
        "\(prefix).\(name)", inputs: inputs, outputs: outputs, role: .recurrence)
    }
    return GatedDeltaRuleDescription(
      keyHeads: heads, heads: heads, keyDimension: head, valueDimension: head,
      projections: .bySort(
        inputs: ["q_proj", "k_proj", "v_proj"].map { linear($0, shape.hidden, width) },
        gate: FactoredDescription(
          linear("g_b_proj", head, width), inner: linear("g_a_proj", shape.hidden, head)),
        strength: linear("b_proj", shape.hidden, heads),
        decay: FactoredDescription(
          linear("f_b_proj", head, width), inner: linear("f_a_proj", shape.hidden, head))),
      convolutions: ["q_conv1d", "k_conv1d", "v_conv1d"].map {
        CausalConvolutionDescription(
          "\(prefix).\($0)", channels: width, taps: taps, isActivated: true)
      },
      logRates: Parameter(
        vector: prefix + ".A_log", count: heads, role: .recurrence,
        distribution: .logUniform(1, 16)),
      decayBias: Parameter(
        vector: prefix + ".dt_bias", count: width, role: .recurrence,
        distribution: .uniform(-4, -2)),
      norm: shape.norm(prefix + ".o_norm", head), outputGate: .sigmoid,
      output: linear("o_proj", width, shape.hidden))
  }

  /// The hub's nested key, or the plain one.
  private static func size(
    _ c: ModelConfiguration, _ key: String, _ hub: ModelConfiguration?, _ hubKey: String,
    default fallback: Int
  ) throws(EngineError) -> Int {
    if let size = try hub?.optionalInt(hubKey, in: 1...65536) { return size }
    return try c.int(key, default: fallback, in: 1...65536)
  }

  private static func mixture(_ shape: Shape, _ prefix: String) throws(EngineError)
    -> SparseMixtureDescription
  {
    let c = shape.configuration
    try c.require("moe_router_activation_func", oneOf: ["sigmoid"])
    let (experts, k) = try shape.expertCounts(
      ["num_experts", "num_local_experts"],
      perToken: ["num_experts_per_token", "num_experts_per_tok"])
    var router = RouterDescription(
      experts: experts, expertsPerToken: k,
      gate: LinearDescription(
        prefix + ".gate", inputs: shape.hidden, outputs: experts, role: .router),
      scoring: .sigmoid)
    let normalization = c.first(["moe_renormalize", "norm_topk_prob"]) ?? "moe_renormalize"
    if try c.bool(normalization, default: true) { router.normalization = .sum(epsilon: 1e-20) }
    router.choiceBias = Parameter(
      vector: prefix + ".gate.e_score_correction_bias", count: experts, role: .router)
    router.scale = try c.float("routed_scaling_factor", default: 2.446)
    router.groups = try shape.expertGroups(
      rank: .bestTwo, experts: experts, perToken: k,
      countKey: c.first(["num_expert_group", "n_group"]) ?? "num_expert_group")
    let width = try c.int("moe_intermediate_size", in: 1...(1 << 24))
    var mixture = SparseMixtureDescription(
      router: router,
      experts: shape.experts(
        prefix, count: experts, intermediate: width, names: ("w1", "w3", "w2")))
    let shared = try c.int(
      anyOf: ["num_shared_experts", "n_shared_experts"], default: 1, in: 0...4096)
    if shared > 0 {
      mixture.shared = GatedFeedForwardDescription(
        prefix + ".shared_experts", hidden: shape.hidden, intermediate: width * shared,
        role: .sharedExpert)
    }
    return mixture
  }
}
