// OLMoE (Muennighoff et al. 2024): queries and keys normalised over the whole projection.

enum OLMoE: Architecture {
  static let modelTypes = ["olmoe"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    let shape = try Shape(c, epsilonByDefault: 1e-5)
    let (experts, k) = try shape.expertCounts(["num_experts"])
    let intermediate = try c.int("intermediate_size", in: 1...(1 << 24))
    let bias = try c.bool("attention_bias", default: false)
    let normalized = try c.bool("norm_topk_prob", default: false)
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      var attention = try shape.attention(prefix + ".self_attn", bias: bias, outputBias: bias)
      attention.rotary = try c.rotary(dimension: attention.headDimension)
      attention.clip = try c.value("clip_qkv") == nil ? nil : c.positive("clip_qkv")
      attention.norm = .whole(
        query: shape.norm(prefix + ".self_attn.q_norm", attention.query.outputs),
        key: shape.norm(prefix + ".self_attn.k_norm", attention.key.outputs))
      let mixture = SparseMixtureDescription(
        router: RouterDescription(
          experts: experts, expertsPerToken: k,
          gate: LinearDescription(
            prefix + ".mlp.gate", inputs: shape.hidden, outputs: experts, role: .router),
          scoring: .softmax, normalization: normalized ? .sum(epsilon: 0) : .none),
        experts: shape.experts(prefix + ".mlp", count: experts, intermediate: intermediate))
      layers.append(shape.layer(prefix, .groupedQuery(attention), .mixture(mixture)))
    }
    return try shape.model(layers)
  }
}
