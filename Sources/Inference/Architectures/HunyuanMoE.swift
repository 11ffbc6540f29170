// Hunyuan-A13B (Tencent 2025): queries and keys normalised after the rotation, a fixed change of its base.

enum HunyuanMoE: Architecture {
  static let modelTypes = ["hunyuan_v1_moe"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try checkSwitches(c)
    let shape = try Shape(c, epsilonByDefault: 1e-5)
    let bias = try c.bool("attention_bias", default: false)
    let experts = try shape.integers("num_experts", in: 1...65536)
    let perToken = try shape.integers(
      c.first(["moe_topk", "num_experts_per_tok"]) ?? "moe_topk", default: 1, in: 1...65536)
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      guard perToken[index] <= experts[index] else {
        throw c.refusal("moe_topk", "\(perToken[index]) experts a token of \(experts[index])")
      }
      var attention = try shape.attention(
        prefix + ".self_attn", bias: bias, outputBias: bias,
        headDimension: try c.optionalInt(
          c.first(["head_dim", "attention_head_dim"]) ?? "head_dim", in: 1...65536))
      attention.rotary = try c.rotary(dimension: attention.headDimension, acceptsAlpha: true)
      attention.norm = .perHeadAfterRotation(
        query: shape.norm(prefix + ".self_attn.query_layernorm", attention.headDimension),
        key: shape.norm(prefix + ".self_attn.key_layernorm", attention.headDimension))
      let mixture = try mixture(
        shape, prefix + ".mlp", experts: experts[index], perToken: perToken[index], layer: index)
      layers.append(shape.layer(prefix, .groupedQuery(attention), .mixture(mixture)))
    }
    return try shape.model(layers)
  }

  /// Switches of the released configurations that name the only form implemented here.
  private static func checkSwitches(_ c: ModelConfiguration) throws(EngineError) {
    try c.require("hidden_act", oneOf: ["silu"])
    try c.require("norm_type", oneOf: ["rms", "hf_rms", "fused"])
    try c.requireOn("use_qk_norm")
    try c.requireOn("use_rotary_pos_emb")
    try c.requireOff("use_cla")
    try c.requireOff("group_limited_greedy")
    try c.requireOff("position_embedding_xdrope")
    try c.requireOff("mlp_bias")
    try c.require("moe_layer_num_skipped", equals: 0)
  }

  private static func mixture(
    _ shape: Shape, _ prefix: String, experts: Int, perToken: Int, layer: Int
  ) throws(EngineError) -> SparseMixtureDescription {
    let c = shape.configuration
    let width = try c.int("intermediate_size", in: 1...(1 << 24))
    let expertWidths = try shape.integers(
      "moe_intermediate_size", default: width, in: 1...(1 << 24))
    var mixture = SparseMixtureDescription(
      router: RouterDescription(
        experts: experts, expertsPerToken: perToken,
        gate: LinearDescription(
          prefix + ".gate.wg", inputs: shape.hidden, outputs: experts, role: .router),
        scoring: .softmax, normalization: .sum(epsilon: 0)),
      experts: shape.experts(prefix, count: experts, intermediate: expertWidths[layer]))
    if try c.bool("use_mixed_mlp_moe", default: true) {
      mixture.shared = shape.sharedExperts(
        prefix + ".shared_mlp",
        try shape.integers("num_shared_expert", default: 1, in: 0...4096)[layer], width: width)
    }
    return mixture
  }
}
