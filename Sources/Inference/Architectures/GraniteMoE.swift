// Granite MoE (IBM 2024): fused experts, and multipliers on embedding, attention, residual and logits.

enum GraniteMoE: Architecture {
  static let modelTypes = ["granitemoe"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    let shape = try Shape(c)
    let bias = try c.bool("attention_bias", default: false)
    let residual = try c.float("residual_multiplier", default: 1)
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      var attention = try shape.attention(prefix + ".self_attn", bias: bias, outputBias: bias)
      attention.rotary = try c.rotary(dimension: attention.headDimension)
      attention.scale = try c.float("attention_multiplier", default: 1)
      layers.append(
        shape.layer(
          prefix, .groupedQuery(attention), .mixture(try mixture(shape, prefix)),
          residualMultiplier: residual))
    }
    var model = try shape.model(layers)
    model.embeddingMultiplier = try c.float("embedding_multiplier", default: 1)
    model.logitsDivisor = try c.positive("logits_scaling", default: 1)
    return model
  }

  static func mixture(_ shape: Shape, _ prefix: String) throws(EngineError)
    -> SparseMixtureDescription
  {
    let (experts, k) = try shape.expertCounts(["num_local_experts"])
    let moe = prefix + ".block_sparse_moe"
    return SparseMixtureDescription(
      router: RouterDescription(
        experts: experts, expertsPerToken: k,
        gate: LinearDescription(
          moe + ".router.layer", inputs: shape.hidden, outputs: experts, role: .router),
        scoring: .softmaxOfChosen),
      experts: ExpertsDescription(
        count: experts, hidden: shape.hidden,
        intermediate: try shape.configuration.int("intermediate_size", in: 1...(1 << 24)),
        layout: .fused(
          gateUp: moe + ".input_linear.weight", down: moe + ".output_linear.weight")))
  }
}
