// Qwen3-Next (2025) and Qwen3.5-MoE (2026): three gated DeltaNet layers to one gated attention layer, every layer with
// a shared expert; norms are stored around zero.

/// What the two generations share.
private struct QwenNextLayers {
  let shape: Shape
  let qwen: QwenLayers
  let isAttention: [Bool]

  init(_ shape: Shape, alwaysSparse: Bool) throws(EngineError) {
    self.shape = shape
    qwen = try QwenLayers(shape, alwaysSparse: alwaysSparse)
    let c = shape.configuration
    if let types = try shape.checkLength(c.optionalStrings("layer_types"), "layer_types") {
      for type in types where type != "full_attention" && type != "linear_attention" {
        throw c.refusal("layer_types", "\(type.quotedForMessage()) is not implemented")
      }
      isAttention = types.map { $0 == "full_attention" }
    } else {
      let interval = try c.int("full_attention_interval", default: 4, in: 1...4096)
      isAttention = (1...shape.layers).map { $0 % interval == 0 }
    }
  }

  /// The model, given its layers' DeltaNet and mixture.
  func model(
    prefix: String,
    delta: (String) throws(EngineError) -> GatedDeltaRuleDescription,
    mixture: (String) throws(EngineError) -> SparseMixtureDescription
  ) throws(EngineError) -> ModelDescription {
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let name = "\(prefix)layers.\(index)"
      let mixer: MixerDescription =
        isAttention[index]
        ? .groupedQuery(try attention(name + ".self_attn"))
        : .gatedDeltaRule(try delta(name + ".linear_attn"))
      layers.append(
        shape.layer(
          name, mixer,
          qwen.sparse[index] ? .mixture(try mixture(name)) : try qwen.dense(name), offset: 1))
    }
    return try shape.model(layers, prefix: prefix, normOffset: 1)
  }

  private func attention(_ prefix: String) throws(EngineError) -> GroupedQueryAttentionDescription {
    let c = shape.configuration
    let bias = try c.bool("attention_bias", default: false)
    try c.requireOn("attn_output_gate")
    let head = try c.int("head_dim", default: 256, in: 1...65536)
    var attention = try shape.attention(
      prefix, bias: bias, outputBias: bias, headDimension: head)
    attention.isGated = true
    attention.query = LinearDescription(
      prefix + ".q_proj", inputs: shape.hidden, outputs: 2 * attention.heads * head,
      role: .attention, bias: bias)
    attention.norm = .perHead(
      query: shape.norm(prefix + ".q_norm", head, offset: 1),
      key: shape.norm(prefix + ".k_norm", head, offset: 1))
    let share = try c.partialRotaryFactor() ?? 0.25
    attention.rotary = try c.rotary(dimension: Int(Float(head) * share))
    return attention
  }

  /// A DeltaNet with the given projections; the rest is the same in both generations.
  func delta(
    _ prefix: String, _ projections: (DeltaSizes) -> GatedDeltaRuleDescription.Projections
  ) throws(EngineError) -> GatedDeltaRuleDescription {
    let sizes = try DeltaSizes(shape.configuration)
    return GatedDeltaRuleDescription(
      keyHeads: sizes.keyHeads, heads: sizes.heads, keyDimension: sizes.keyDimension,
      valueDimension: sizes.valueDimension, projections: projections(sizes),
      convolutions: [
        CausalConvolutionDescription(
          prefix + ".conv1d", channels: 2 * sizes.keys + sizes.values, taps: sizes.taps,
          isActivated: true)
      ],
      logRates: Parameter(
        vector: prefix + ".A_log", count: sizes.heads, role: .recurrence,
        distribution: .logUniform(1, 16)),
      decayBias: Parameter(
        vector: prefix + ".dt_bias", count: sizes.heads, role: .recurrence,
        distribution: .uniform(-4, -2)),
      norm: shape.norm(prefix + ".norm", sizes.valueDimension), outputGate: .silu,
      output: LinearDescription(
        prefix + ".out_proj", inputs: sizes.values, outputs: shape.hidden, role: .recurrence))
  }

  func projection(_ name: String, _ outputs: Int) -> LinearDescription {
    LinearDescription(name, inputs: shape.hidden, outputs: outputs, role: .recurrence)
  }
}

/// Sizes of a DeltaNet layer.
private struct DeltaSizes {
  let keyHeads: Int
  let heads: Int
  let keyDimension: Int
  let valueDimension: Int
  let taps: Int

  init(_ c: ModelConfiguration) throws(EngineError) {
    keyHeads = try c.int("linear_num_key_heads", default: 16, in: 1...65536)
    heads = try c.int("linear_num_value_heads", default: 32, in: 1...65536)
    keyDimension = try c.int("linear_key_head_dim", default: 128, in: 1...65536)
    valueDimension = try c.int("linear_value_head_dim", default: 128, in: 1...65536)
    taps = try c.int("linear_conv_kernel_dim", default: 4, in: 1...4096)
    guard heads % keyHeads == 0 else {
      throw c.refusal(
        "linear_num_key_heads", "\(keyHeads) does not divide \(heads) value heads")
    }
  }

  var keys: Int { keyHeads * keyDimension }
  var values: Int { heads * valueDimension }
}

enum Qwen3Next: Architecture {
  static let modelTypes = ["qwen3_next"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    let next = try QwenNextLayers(try Shape(c), alwaysSparse: false)
    return try next.model(prefix: "model.") { prefix throws(EngineError) in
      try next.delta(prefix) { sizes in
        .byKeyHead(
          inputs: next.projection(prefix + ".in_proj_qkvz", 2 * (sizes.keys + sizes.values)),
          strengths: next.projection(prefix + ".in_proj_ba", 2 * sizes.heads))
      }
    } mixture: { prefix throws(EngineError) in
      try next.qwen.sharedMixture(prefix)
    }
  }
}

/// Hub checkpoints keep the decoder beside a vision tower, under a prefix, with fused experts; text-only ones are
/// stored like Qwen3.
enum Qwen3_5MoE: Architecture {
  static let modelTypes = ["qwen3_5_moe", "qwen3_5_moe_text"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    let hub = "model.language_model."
    let isNested =
      try c.optionalString("model_type") == "qwen3_5_moe" || c.holds(hub + "embed_tokens.weight")
    var shape = try Shape(try c.optionalObject("text_config") ?? c)
    shape.tied = try c.bool("tie_word_embeddings", default: shape.tied)
    let prefix = isNested && !c.holds("model.embed_tokens.weight") ? hub : "model."
    let isFused =
      isNested && !c.holds(prefix + "layers.0.mlp.experts.0.gate_proj.weight")
      || c.holds(prefix + "layers.0.mlp.experts.gate_up_proj")
    let next = try QwenNextLayers(shape, alwaysSparse: true)
    var model = try next.model(prefix: prefix) { prefix throws(EngineError) in
      try next.delta(prefix) { sizes in
        .bySort(
          inputs: [next.projection(prefix + ".in_proj_qkv", 2 * sizes.keys + sizes.values)],
          gate: FactoredDescription(next.projection(prefix + ".in_proj_z", sizes.values)),
          strength: next.projection(prefix + ".in_proj_b", sizes.heads),
          decay: FactoredDescription(next.projection(prefix + ".in_proj_a", sizes.heads)))
      }
    } mixture: { prefix throws(EngineError) in
      var mixture = try next.qwen.sharedMixture(prefix)
      if isFused {
        mixture.experts.layout = .fused(
          gateUp: prefix + ".mlp.experts.gate_up_proj", down: prefix + ".mlp.experts.down_proj")
      }
      return mixture
    }
    model.family = try c.optionalString("model_type") ?? model.family
    model.skippedPrefixes += ["model.visual.", "visual."]
    return model
  }
}
