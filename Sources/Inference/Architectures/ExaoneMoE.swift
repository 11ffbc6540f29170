// K-EXAONE (LG AI Research 2025): windowed layers rotate, full layers see without positions; DeepSeek-V3's router.

enum ExaoneMoE: Architecture {
  static let modelTypes = ["exaone_moe"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    let shape = try Shape(c, epsilonByDefault: 1e-5)
    let windows = try windows(shape)
    let hasWindow = c.value("sliding_window") != nil
    let sparse = try shape.sparseLayers(firstDense: 1)
    let (experts, k) = try shape.expertCounts(["num_experts", "num_local_experts"])
    let shared = try c.optionalInt("num_shared_experts", in: 0...4096) ?? 1
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      var attention = try shape.attention(prefix + ".self_attn")
      attention.visibility = windows[index]
      if !hasWindow || attention.visibility != .causal {
        attention.rotary = try c.rotary(dimension: attention.headDimension)
      }
      attention.norm = shape.headNorms(prefix + ".self_attn", attention.headDimension)
      var router = try shape.correctedRouter(
        prefix, bias: prefix + ".mlp.e_score_correction_bias", experts: experts, perToken: k)
      router.scale = try c.float("routed_scaling_factor", default: 2.5)
      var mixture = try shape.mixture(prefix, router: router)
      mixture.shared = shape.sharedExperts(
        prefix + ".mlp.shared_experts", shared, width: mixture.experts.intermediate)
      layers.append(
        shape.layer(
          prefix, .groupedQuery(attention),
          sparse[index] ? .mixture(mixture) : try shape.denseLayer(prefix)))
    }
    return try shape.model(layers)
  }

  /// Without `layer_types`, every `sliding_window_pattern`th layer sees everything.
  private static func windows(_ shape: Shape) throws(EngineError) -> [Visibility] {
    let c = shape.configuration
    let size = try c.optionalInt("sliding_window")
    if c.value("layer_types") != nil || size == nil {
      return try shape.windows(size) { _ in false }
    }
    let period = try c.int("sliding_window_pattern", default: 4, in: 1...4096)
    return try shape.windows(size) { ($0 + 1) % period != 0 }
  }
}
