// Hunyuan 3 (Tencent 2025): sigmoid router with a choice bias and a fixed scale, one shared expert.

enum HyV3: Architecture {
  static let modelTypes = ["hy_v3"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    let shape = try Shape(c, epsilonByDefault: 1e-5)
    let bias = try c.bool("attention_bias", default: false)
    let sparse = try shape.sparseLayers(firstDense: 1)
    let hasBias = try c.bool("mlp_bias", default: false)
    let head = try c.int("head_dim", default: 128, in: 1...65536)
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      var attention = try shape.attention(
        prefix + ".self_attn", bias: bias, outputBias: bias, headDimension: head)
      attention.rotary = try c.rotary(dimension: head, theta: 11_158_840)
      attention.norm = shape.headNorms(prefix + ".self_attn", head)
      let feedForward: FeedForwardDescription =
        sparse[index]
        ? .mixture(try mixture(shape, prefix + ".mlp", bias: hasBias))
        : .dense(
          GatedFeedForwardDescription(
            prefix + ".mlp", hidden: shape.hidden,
            intermediate: try c.int("intermediate_size", in: 1...(1 << 24)),
            role: .denseFeedForward, bias: hasBias))
      layers.append(shape.layer(prefix, .groupedQuery(attention), feedForward))
    }
    return try shape.model(layers)
  }

  private static func mixture(_ shape: Shape, _ prefix: String, bias: Bool) throws(EngineError)
    -> SparseMixtureDescription
  {
    let c = shape.configuration
    let (experts, k) = try shape.expertCounts(["num_experts", "num_local_experts"])
    let width = try c.int("moe_intermediate_size", in: 1...(1 << 24))
    var router = RouterDescription(
      experts: experts, expertsPerToken: k,
      gate: LinearDescription(
        prefix + ".router.gate", inputs: shape.hidden, outputs: experts, role: .router),
      scoring: .sigmoid, normalization: .sum(epsilon: 1e-20))
    router.choiceBias = Parameter(vector: prefix + ".expert_bias", count: experts, role: .router)
    router.scale = try c.float("router_scaling_factor", default: 2.826)
    var mixture = SparseMixtureDescription(
      router: router, experts: shape.experts(prefix, count: experts, intermediate: width))
    mixture.shared = shape.sharedExperts(
      prefix + ".shared_mlp", try c.optionalInt("num_shared_experts", in: 0...4096) ?? 1,
      width: width, bias: bias)
    return mixture
  }
}
