// LFM2-MoE (Liquid AI 2025): gated short convolutions and a few attention layers, sigmoid router with a choice bias.

enum LFM2MoE: Architecture {
  static let modelTypes = ["lfm2_moe"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    try c.requireOn("use_pos_enc")
    var shape = try Shape(
      c, epsilonKey: "norm_eps", epsilonByDefault: 1e-5, tiedByDefault: true)
    shape.tied = try c.bool("tie_embedding", default: shape.tied)
    guard let types = try shape.checkLength(c.optionalStrings("layer_types"), "layer_types") else {
      throw c.refusal("layer_types", "is missing")
    }
    let dense = try c.int("num_dense_layers", default: 2, in: 0...4096)
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      layers.append(
        .preNorm(
          PreNormLayerDescription(
            mixerNorm: shape.norm(prefix + ".operator_norm"),
            mixer: try mixer(types[index], shape, prefix),
            feedForwardNorm: shape.norm(prefix + ".ffn_norm"),
            feedForward: try feedForward(shape, prefix + ".feed_forward", isDense: index < dense))))
    }
    var model = try shape.model(layers)
    model.finalNorm = shape.norm("model.embedding_norm")
    return model
  }

  private static func mixer(_ type: String, _ shape: Shape, _ prefix: String) throws(EngineError)
    -> MixerDescription
  {
    let c = shape.configuration
    switch type {
    case "conv":
      let bias = try c.bool("conv_bias", default: false)
      let conv = prefix + ".conv"
      return .shortConvolution(
        ShortConvolutionDescription(
          input: LinearDescription(
            conv + ".in_proj", inputs: shape.hidden, outputs: 3 * shape.hidden, role: .recurrence,
            bias: bias),
          convolution: CausalConvolutionDescription(
            conv + ".conv", channels: shape.hidden,
            taps: try c.int("conv_L_cache", default: 3, in: 1...4096), bias: bias,
            isActivated: false),
          output: LinearDescription(
            conv + ".out_proj", inputs: shape.hidden, outputs: shape.hidden, role: .recurrence,
            bias: bias)))
    case "full_attention":
      var attention = try shape.attention(prefix + ".self_attn")
      attention.rotary = try c.rotary(dimension: attention.headDimension, theta: 1_000_000)
      attention.norm = .perHead(
        query: shape.norm(prefix + ".self_attn.q_layernorm", attention.headDimension),
        key: shape.norm(prefix + ".self_attn.k_layernorm", attention.headDimension))
      attention.output = LinearDescription(
        prefix + ".self_attn.out_proj", inputs: attention.output.inputs, outputs: shape.hidden,
        role: .attention)
      return .groupedQuery(attention)
    default:
      throw c.refusal("layer_types", "\(type.quotedForMessage()) is not implemented")
    }
  }

  private static func feedForward(_ shape: Shape, _ prefix: String, isDense: Bool)
    throws(EngineError) -> FeedForwardDescription
  {
    let c = shape.configuration
    let names = (gate: "w1", up: "w3", down: "w2")
    if isDense {
      return .dense(
        GatedFeedForwardDescription(
          prefix, hidden: shape.hidden, intermediate: try c.int("intermediate_size"),
          role: .denseFeedForward, names: names))
    }
    let (experts, k) = try shape.expertCounts(["num_experts"])
    var router = RouterDescription(
      experts: experts, expertsPerToken: k,
      gate: LinearDescription(
        prefix + ".gate", inputs: shape.hidden, outputs: experts, role: .router),
      scoring: .sigmoid,
      normalization: try c.bool("norm_topk_prob", default: true) ? .sum(epsilon: 1e-6) : .none)
    router.scale = try c.float("routed_scaling_factor", default: 1)
    if try c.bool("use_expert_bias", default: true) {
      router.choiceBias = Parameter(vector: prefix + ".expert_bias", count: experts, role: .router)
    }
    return .mixture(
      SparseMixtureDescription(
        router: router,
        experts: shape.experts(
          prefix, count: experts, intermediate: try c.int("moe_intermediate_size"), names: names)))
  }
}
