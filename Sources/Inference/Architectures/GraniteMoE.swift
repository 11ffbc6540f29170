// Granite MoE (IBM 2024): fused experts, and multipliers on embedding, attention, residual and logits; later with a
// shared expert.

enum GraniteMoE: Architecture {
  static let modelTypes = ["granitemoe", "granitemoeshared"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    let shape = try Shape(c)
    return try model(shape) { prefix, _ throws(EngineError) in
      var attention = try attention(shape, prefix)
      attention.rotary = try c.rotary(dimension: attention.headDimension)
      return .groupedQuery(attention)
    } feedForward: { prefix throws(EngineError) in
      var mixture = try mixture(shape, prefix)
      let isShared = try c.optionalString("model_type") == "granitemoeshared"
      mixture.shared = isShared ? try shared(shape, prefix) : nil
      return .mixture(mixture)
    }
  }

  /// The model around its layers' parts, with Granite's multipliers.
  static func model(
    _ shape: Shape, mixer: (String, Int) throws(EngineError) -> MixerDescription,
    feedForward: (String) throws(EngineError) -> FeedForwardDescription
  ) throws(EngineError) -> ModelDescription {
    let c = shape.configuration
    try c.require("hidden_act", oneOf: ["silu"])
    let residual = try c.float("residual_multiplier", default: 1)
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      layers.append(
        shape.layer(
          prefix, try mixer(prefix, index), try feedForward(prefix), residualMultiplier: residual))
    }
    var model = try shape.model(layers)
    model.embeddingMultiplier = try c.float("embedding_multiplier", default: 1)
    model.logitsDivisor = try c.positive("logits_scaling", default: 1)
    return model
  }

  /// Attention without a rotation.
  static func attention(_ shape: Shape, _ prefix: String) throws(EngineError)
    -> GroupedQueryAttentionDescription
  {
    let bias = try shape.configuration.bool("attention_bias", default: false)
    var attention = try shape.attention(prefix + ".self_attn", bias: bias, outputBias: bias)
    attention.scale = try shape.configuration.float("attention_multiplier", default: 1)
    return attention
  }

  /// The network every token visits; its gate and up rows lie in one tensor. nil where its width is 0.
  static func shared(_ shape: Shape, _ prefix: String) throws(EngineError)
    -> GatedFeedForwardDescription?
  {
    let width = try shape.configuration.int(
      "shared_intermediate_size", default: 1024, in: 0...(1 << 24))
    guard width > 0 else { return nil }
    let name = prefix + ".shared_mlp"
    func half(_ index: Int) -> LinearDescription {
      LinearDescription(
        weight: Parameter(
          matrix: name + ".input_linear.weight", rows: width, columns: shape.hidden,
          role: .sharedExpert, storage: .rows(offset: index * width, total: 2 * width)))
    }
    return GatedFeedForwardDescription(
      gate: half(0), up: half(1),
      down: LinearDescription(
        name + ".output_linear", inputs: width, outputs: shape.hidden, role: .sharedExpert))
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
