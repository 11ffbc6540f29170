// GLM-4.5 to 4.7 (Zhipu AI 2025): grouped-query attention, partial rotation, DeepSeek-V3's router.

enum Glm4MoE: Architecture {
  static let modelTypes = ["glm4_moe"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    let shape = try Shape(c, epsilonByDefault: 1e-5)
    let bias = try c.bool("attention_bias", default: false)
    let isNormalized = try c.bool("use_qk_norm", default: false)
    let sparse = try shape.sparseLayers(firstDense: 1)
    let (experts, k) = try shape.expertCounts(["n_routed_experts", "num_local_experts"])
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      var attention = try shape.attention(prefix + ".self_attn", bias: bias)
      let rotated = try c.rotatedElements(of: attention.headDimension, default: 0.5)
      attention.rotary = try c.rotary(dimension: rotated)
      if isNormalized {
        attention.norm = shape.headNorms(prefix + ".self_attn", attention.headDimension)
      }
      let router = try shape.correctedRouter(prefix, experts: experts, perToken: k)
      layers.append(
        shape.layer(
          prefix, .groupedQuery(attention),
          try shape.feedForward(prefix, isSparse: sparse[index], router: router)))
    }
    return try shape.model(layers)
  }
}
