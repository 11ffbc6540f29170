// ERNIE 4.5 (Baidu 2025): softmax router with a choice bias, interleaved rotation, shared experts.

enum Ernie4_5MoE: Architecture {
  static let modelTypes = ["ernie4_5_moe"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    let shape = try Shape(c, epsilonByDefault: 1e-5, tiedByDefault: true)
    let bias = try c.bool("use_bias", default: false)
    let sparse = try sparseLayers(shape)
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      var attention = try shape.attention(prefix + ".self_attn", bias: bias, outputBias: bias)
      attention.rotary = try c.rotary(
        dimension: attention.headDimension, pairing: .neighbours, theta: 500_000)
      let feedForward: FeedForwardDescription =
        sparse[index]
        ? .mixture(try mixture(shape, prefix + ".mlp", bias: bias))
        : .dense(
          GatedFeedForwardDescription(
            prefix + ".mlp", hidden: shape.hidden,
            intermediate: try c.int("intermediate_size", in: 1...(1 << 24)),
            role: .denseFeedForward, bias: bias))
      layers.append(shape.layer(prefix, .groupedQuery(attention), feedForward))
    }
    var model = try shape.model(layers)
    model.skippedPrefixes.append("model.mtp_")
    if bias {
      let bias = Parameter(vector: "lm_head.bias", count: shape.vocabulary, role: .head)
      if shape.tied { model.tiedHeadBias = bias } else { model.head?.bias = bias }
    }
    return model
  }

  private static func sparseLayers(_ shape: Shape) throws(EngineError) -> [Bool] {
    let c = shape.configuration
    let first = try c.int("moe_layer_start_index", default: 1, in: 0...4096)
    let end = try c.int("moe_layer_end_index", default: -1, in: -1...4096)
    let last = end == -1 ? shape.layers - 1 : end
    let step = try c.int("moe_layer_interval", default: 1, in: 1...4096)
    return (0..<shape.layers).map { ($0 + 1) % step == 0 && $0 >= first && $0 <= last }
  }

  private static func mixture(_ shape: Shape, _ prefix: String, bias: Bool) throws(EngineError)
    -> SparseMixtureDescription
  {
    let c = shape.configuration
    try c.require("moe_gate", oneOf: ["topk"])
    try c.requireOn("moe_use_aux_free")
    let (experts, k) = try shape.expertCounts(
      ["moe_num_experts", "num_experts"], perToken: ["moe_k", "num_experts_per_tok"])
    let width = try c.int("moe_intermediate_size", in: 1...(1 << 24))
    var router = RouterDescription(
      experts: experts, expertsPerToken: k,
      gate: LinearDescription(
        prefix + ".gate", inputs: shape.hidden, outputs: experts, role: .router),
      scoring: .softmax, normalization: .atLeast(try c.positive("moe_norm_min", default: 1e-12)))
    router.choiceBias = Parameter(
      vector: prefix + ".moe_statics.e_score_correction_bias", count: experts, role: .router)
    var mixture = SparseMixtureDescription(
      router: router, experts: shape.experts(prefix, count: experts, intermediate: width))
    mixture.shared = shape.sharedExperts(
      prefix + ".shared_experts", try c.optionalInt("moe_num_shared_experts", in: 0...4096) ?? 2,
      width: width, bias: bias)
    return mixture
  }
}
