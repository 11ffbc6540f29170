// Llama 4 (Meta 2025): chunked layers that rotate, full layers that do not, experts that weigh their input.

enum Llama4: Architecture {
  static let modelTypes = ["llama4", "llama4_text"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    // The decoder of the multimodal checkpoints lies under a prefix, whichever configuration describes it.
    let text = try c.optionalObject("text_config")
    let isNested =
      text != nil || c.holds("language_model.model.embed_tokens.weight")
    return try describeText(text ?? c, prefix: isNested ? "language_model." : "")
  }

  private static func describeText(_ c: ModelConfiguration, prefix root: String)
    throws(EngineError) -> ModelDescription
  {
    try c.require("hidden_act", oneOf: ["silu"])
    let shape = try Shape(c, epsilonByDefault: 1e-5)
    let rotates = try rotatingLayers(shape)
    let sparse = try sparseLayers(shape)
    let types = try shape.layerTypes(["chunked_attention", "full_attention"])
    let chunk = try c.optionalInt("attention_chunk_size")
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "\(root)model.layers.\(index)"
      var attention = try attention(shape, prefix + ".self_attn", rotates: rotates[index])
      if types.map({ $0[index] == "chunked_attention" }) ?? rotates[index] {
        attention.visibility = try visibility(c, chunk)
      }
      layers.append(
        shape.layer(
          prefix, .groupedQuery(attention),
          try feedForward(shape, prefix + ".feed_forward", isSparse: sparse[index])))
    }
    var model = try shape.model(layers, prefix: root + "model.", head: root + "lm_head")
    model.skippedPrefixes += ["vision_model.", "multi_modal_projector."]
    return model
  }

  private static func visibility(_ c: ModelConfiguration, _ chunk: Int?) throws(EngineError)
    -> Visibility
  {
    guard let chunk, chunk > 0 else {
      throw c.refusal("attention_chunk_size", "is missing for layers that need it")
    }
    return .chunk(chunk)
  }

  /// 1 marks a layer that rotates; an empty list means every `no_rope_layer_interval`th does not.
  private static func rotatingLayers(_ shape: Shape) throws(EngineError) -> [Bool] {
    let c = shape.configuration
    let key = "no_rope_layers"
    if let list = try c.optionalInts(key, in: 0...1), !list.isEmpty {
      guard list.count >= shape.layers else {
        throw c.refusal(key, "has \(list.count) entries for \(shape.layers) layers")
      }
      return list.prefix(shape.layers).map { $0 == 1 }
    }
    let interval = try c.int("no_rope_layer_interval", default: 4, in: 1...4096)
    return (0..<shape.layers).map { ($0 + 1) % interval != 0 }
  }

  private static func sparseLayers(_ shape: Shape) throws(EngineError) -> [Bool] {
    let c = shape.configuration
    if let list = try c.optionalInts("moe_layers", in: 0...4096) {
      return (0..<shape.layers).map { list.contains($0) }
    }
    let step = try c.int("interleave_moe_layer_step", default: 1, in: 1...4096)
    return (0..<shape.layers).map { ($0 + 1) % step == 0 }
  }

  private static func attention(_ shape: Shape, _ prefix: String, rotates: Bool)
    throws(EngineError) -> GroupedQueryAttentionDescription
  {
    let c = shape.configuration
    let bias = try c.bool("attention_bias", default: false)
    var attention = try shape.attention(
      prefix, bias: bias, outputBias: bias,
      headDimension: try c.int("head_dim", default: 128, in: 1...65536))
    if rotates {
      attention.rotary = try c.rotary(
        dimension: attention.headDimension, pairing: .neighbours, theta: 500_000)
      if try c.bool("use_qk_norm", default: true) {
        attention.norm = .weightless(epsilon: shape.epsilon)
      }
    } else if try tunesTemperature(c) {
      attention.temperature = .init(
        scale: try c.float("attn_scale", default: 0.1),
        floor: try c.positive("floor_scale", default: 8192))
    }
    return attention
  }

  /// The first releases wrote the switch as a number.
  private static func tunesTemperature(_ c: ModelConfiguration) throws(EngineError) -> Bool {
    let key = "attn_temperature_tuning"
    if c.value(key)?.number != nil { return try c.optionalInt(key) != 0 }
    return try c.bool(key, default: true)
  }

  private static func feedForward(_ shape: Shape, _ prefix: String, isSparse: Bool)
    throws(EngineError) -> FeedForwardDescription
  {
    let c = shape.configuration
    let width = try c.int("intermediate_size", in: 1...(1 << 24))
    guard isSparse else {
      return .dense(
        GatedFeedForwardDescription(
          prefix, hidden: shape.hidden,
          intermediate: try c.int("intermediate_size_mlp", in: 1...(1 << 24)),
          role: .denseFeedForward))
    }
    let (experts, k) = try shape.expertCounts(["num_local_experts"])
    var mixture = SparseMixtureDescription(
      router: RouterDescription(
        experts: experts, expertsPerToken: k,
        gate: LinearDescription(
          prefix + ".router", inputs: shape.hidden, outputs: experts, role: .router),
        scoring: .sigmoidOfChosen),
      experts: ExpertsDescription(
        count: experts, hidden: shape.hidden, intermediate: width,
        layout: .transposed(
          gateUp: prefix + ".experts.gate_up_proj", down: prefix + ".experts.down_proj",
          interleaved: false)))
    mixture.weighsInput = true
    mixture.shared = shape.sharedExperts(prefix + ".shared_expert", 1, width: width)
    return .mixture(mixture)
  }
}
