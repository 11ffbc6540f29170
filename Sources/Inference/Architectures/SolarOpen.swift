// Solar Open (Upstage 2025): plain grouped-query attention, DeepSeek-V3's router, every layer sparse.

enum SolarOpen: Architecture {
  static let modelTypes = ["solar_open"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    try c.requireOff("use_qk_norm")
    let shape = try Shape(c, epsilonByDefault: 1e-5)
    let bias = try c.bool("attention_bias", default: false)
    let sparse = try shape.sparseLayers(firstDense: 0)
    let (experts, k) = try shape.expertCounts(["n_routed_experts", "num_local_experts"])
    let head = try c.int("head_dim", default: 128, in: 1...65536)
    let rotated = try c.rotatedElements(of: head)
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      var attention = try shape.attention(
        prefix + ".self_attn", bias: bias, headDimension: head)
      attention.rotary = try c.rotary(dimension: rotated, theta: 1_000_000)
      let router = try shape.correctedRouter(prefix, experts: experts, perToken: k)
      layers.append(
        shape.layer(
          prefix, .groupedQuery(attention),
          try shape.feedForward(prefix, isSparse: sparse[index], router: router)))
    }
    return try shape.model(layers)
  }
}
