// Phi-3.5-MoE (Abdin et al. 2024): LayerNorm, LongRoPE, SparseMixer routing, a bias on the scores.

enum PhiMoE: Architecture {
  static let modelTypes = ["phimoe"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    let shape = try Shape(c, epsilonByDefault: 1e-5)
    let bias = try c.bool("attention_bias", default: false)
    let visibility = try shape.window()
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      var attention = try shape.attention(prefix + ".self_attn", bias: bias, outputBias: bias)
      attention.rotary = try c.rotary(dimension: attention.headDimension, theta: 1_000_000)
      attention.visibility = visibility
      layers.append(
        .preNorm(
          PreNormLayerDescription(
            mixerNorm: norm(shape, prefix + ".input_layernorm"), mixer: .groupedQuery(attention),
            feedForwardNorm: norm(shape, prefix + ".post_attention_layernorm"),
            feedForward: .mixture(try mixture(shape, prefix + ".block_sparse_moe")))))
    }
    var model = try shape.model(layers)
    model.finalNorm = norm(shape, "model.norm")
    if try c.bool("lm_head_bias", default: false) {
      let bias = Parameter(vector: "lm_head.bias", count: shape.vocabulary, role: .head)
      if shape.tied { model.tiedHeadBias = bias } else { model.head?.bias = bias }
    }
    return model
  }

  private static func norm(_ shape: Shape, _ name: String) -> NormDescription {
    NormDescription(
      name, count: shape.hidden, epsilon: shape.epsilon, kind: .layer(bias: true))
  }

  private static func mixture(_ shape: Shape, _ prefix: String) throws(EngineError)
    -> SparseMixtureDescription
  {
    let c = shape.configuration
    let (experts, k) = try shape.expertCounts(["num_local_experts"])
    guard k == 2, experts >= 2 else {
      throw c.refusal("num_experts_per_tok", "is \(k); SparseMixer is implemented for 2")
    }
    return SparseMixtureDescription(
      router: RouterDescription(
        experts: experts, expertsPerToken: k,
        gate: LinearDescription(
          prefix + ".gate", inputs: shape.hidden, outputs: experts, role: .router),
        scoring: .sparseMixer(jitter: try c.float("router_jitter_noise", default: 0.01))),
      experts: shape.experts(
        prefix, count: experts, intermediate: try c.int("intermediate_size", in: 1...(1 << 24)),
        names: ("w1", "w3", "w2")))
  }
}
