// DeepSeek-V2 and V2-Lite (DeepSeek-AI 2024): latent attention, softmax router, groups of experts.

enum DeepSeekV2: Architecture {
  static let modelTypes = ["deepseek_v2"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    let shape = try Shape(c)
    let sparse = try shape.sparseLayers(firstDense: 0)
    let bias = try c.bool("mlp_bias", default: false)
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      let attention = try shape.latentAttention(prefix + ".self_attn")
      let feedForward =
        sparse[index]
        ? FeedForwardDescription.mixture(
          try shape.mixture(prefix, router: router(shape, prefix), bias: bias))
        : try shape.denseLayer(prefix, bias: bias)
      layers.append(shape.layer(prefix, .latent(attention), feedForward))
    }
    return try shape.model(layers)
  }

  /// Weights are never renormalised: the reference implementation reads `norm_topk_prob` and ignores it.
  private static func router(_ shape: Shape, _ prefix: String) throws(EngineError)
    -> RouterDescription
  {
    let c = shape.configuration
    try c.require("scoring_func", oneOf: ["softmax"])
    try c.require("topk_method", oneOf: ["greedy", "group_limited_greedy"])
    let (experts, k) = try shape.expertCounts(["n_routed_experts"])
    var router = RouterDescription(
      experts: experts, expertsPerToken: k,
      gate: LinearDescription(
        prefix + ".mlp.gate", inputs: shape.hidden, outputs: experts, role: .router),
      scoring: .softmax)
    router.scale = try c.float("routed_scaling_factor", default: 1)
    if try c.optionalString("topk_method") == "group_limited_greedy" {
      router.groups = try shape.expertGroups(rank: .best, experts: experts, perToken: k)
    }
    return router
  }
}
