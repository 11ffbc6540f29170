// MiMo-V2-Flash (Xiaomi 2025): windowed layers with sinks, more key heads and a base of their own.

enum MiMoV2: Architecture {
  static let modelTypes = ["mimo_v2_flash"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    let shape = try Shape(
      c, epsilonKey: c.first(["rms_norm_eps", "layernorm_epsilon"]) ?? "rms_norm_eps",
      epsilonByDefault: 1e-5)
    let slides = try slidingLayers(shape)
    let sparse = try sparseLayers(shape)
    let (experts, k) = try shape.expertCounts(["n_routed_experts", "num_local_experts"])
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      let attention = try attention(shape, prefix + ".self_attn", slides: slides[index])
      let router = try shape.correctedRouter(prefix, experts: experts, perToken: k)
      layers.append(
        shape.layer(
          prefix, .groupedQuery(attention),
          try shape.feedForward(prefix, isSparse: sparse[index], router: router)))
    }
    return try shape.model(layers)
  }

  private static func slidingLayers(_ shape: Shape) throws(EngineError) -> [Bool] {
    let c = shape.configuration
    if let types = try shape.layerTypes(["sliding_attention", "full_attention"]) {
      return types.map { $0 == "sliding_attention" }
    }
    let key = "hybrid_layer_pattern"
    if let pattern = try shape.checkLength(c.optionalInts(key, in: 0...1), key) {
      return pattern.map { $0 == 1 }
    }
    return (0..<shape.layers).map { $0 != 0 && ($0 + 1) % 6 != 0 }
  }

  private static func sparseLayers(_ shape: Shape) throws(EngineError) -> [Bool] {
    let c = shape.configuration
    if c.value("mlp_layer_types") != nil { return try shape.sparseLayers(firstDense: 1) }
    let key = "moe_layer_freq"
    if let pattern = try shape.checkLength(c.optionalInts(key, in: 0...1), key) {
      return pattern.map { $0 == 1 }
    }
    return (0..<shape.layers).map { $0 > 0 }
  }

  private static func attention(_ shape: Shape, _ prefix: String, slides: Bool)
    throws(EngineError) -> GroupedQueryAttentionDescription
  {
    let c = shape.configuration
    let full = try shape.attention(
      prefix, bias: try c.bool("attention_bias", default: false),
      headDimension: try c.int("head_dim", default: 192, in: 1...65536),
      valueDimension: try c.int("v_head_dim", default: 128, in: 1...65536))
    var attention = full
    if slides {
      attention = try shape.attention(
        prefix, bias: full.query.bias != nil,
        heads: try c.int("swa_num_attention_heads", default: full.heads, in: 1...65536),
        keyHeads: try c.int("swa_num_key_value_heads", default: 2 * full.keyHeads, in: 1...65536),
        headDimension: try c.int("swa_head_dim", default: full.headDimension, in: 1...65536),
        valueDimension: try c.int("swa_v_head_dim", default: full.valueDimension, in: 1...65536))
      attention.visibility = .window(try window(c))
    }
    let hasSinks = try c.bool(
      slides ? "add_swa_attention_sink_bias" : "add_full_attention_sink_bias", default: slides)
    if hasSinks {
      attention.sinks = Parameter(
        vector: prefix + ".attention_sink_bias", count: attention.heads, role: .attention)
    }
    // An explicit null means no scale; only absence means the released models' own.
    let isNull = c.fields["attention_value_scale"]?.isNull ?? false
    attention.valueScale =
      isNull ? 1 : try c.float("attention_value_scale", default: 0.707)
    attention.rotary = try rotary(c, attention.headDimension, slides: slides)
    return attention
  }

  /// `sliding_window_size` counts the positions before a query; `sliding_window` counts its own too.
  private static func window(_ c: ModelConfiguration) throws(EngineError) -> Int {
    if let before = try c.optionalInt("sliding_window_size") { return before + 1 }
    return try c.int("sliding_window", default: 129)
  }

  private static func rotary(_ c: ModelConfiguration, _ head: Int, slides: Bool)
    throws(EngineError) -> RotaryDescription
  {
    let type = slides ? "sliding_attention" : "full_attention"
    let rotated = try c.rotatedElements(of: head, layerType: type, default: 0.334)
    var rotary = try c.rotary(
      dimension: rotated, layerType: type, theta: slides ? 10000 : 5_000_000)
    if slides, try c.optionalObject("rope_parameters")?.optionalObject(type) == nil {
      rotary.theta = try c.positive("swa_rope_theta", default: 10000)
    }
    return rotary
  }
}
