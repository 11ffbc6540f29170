// dots.llm1 (rednote-hilab 2025): queries and keys normalised a head at a time, DeepSeek-V3's router.

enum Dots1: Architecture {
  static let modelTypes = ["dots1"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    let shape = try Shape(c)
    let bias = try c.bool("attention_bias", default: false)
    let window = try c.optionalInt("sliding_window")
    let firstWindow = try c.optionalInt("max_window_layers") ?? 62
    let windows = try shape.windows(window) { window != nil && $0 >= firstWindow }
    let sparse = try shape.sparseLayers(firstDense: 0)
    let (experts, k) = try shape.expertCounts(["n_routed_experts", "num_local_experts"])
    let isNormalized = try c.bool("norm_topk_prob", default: false)
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      var attention = try shape.attention(prefix + ".self_attn", bias: bias, outputBias: bias)
      attention.rotary = try c.rotary(dimension: attention.headDimension)
      attention.visibility = windows[index]
      attention.norm = shape.headNorms(prefix + ".self_attn", attention.headDimension)
      var router = try shape.correctedRouter(prefix, experts: experts, perToken: k)
      if !isNormalized { router.normalization = .none }
      layers.append(
        shape.layer(
          prefix, .groupedQuery(attention),
          try shape.feedForward(prefix, isSparse: sparse[index], router: router)))
    }
    return try shape.model(layers)
  }
}
