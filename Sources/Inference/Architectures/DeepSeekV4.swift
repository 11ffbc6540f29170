// DeepSeek-V4 (DeepSeek-AI 2026): hyper-connections, compressed attention, routing by token in the first layers.

enum DeepSeekV4: Architecture {
  static let modelTypes = ["deepseek_v4"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    for key in ["attention_bias", "mlp_bias"] { try c.requireOff(key) }
    try c.requireOn("norm_topk_prob")
    try c.require("num_key_value_heads", equals: 1)
    try c.require("n_shared_experts", equals: 1)
    let shape = try Shape(c)
    let attention = try DeepSeekV4Attention(shape)
    let kinds = try attention.kinds()
    let hashed = try hashedLayers(shape)
    let streams = try c.int("hc_mult", in: 1...64)
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "layers.\(index)"
      let blocks = PreNormLayerDescription(
        mixerNorm: shape.norm(prefix + ".attn_norm"),
        mixer: .compressed(try attention.layer(prefix + ".attn", kinds[index])),
        feedForwardNorm: shape.norm(prefix + ".ffn_norm"),
        feedForward: .mixture(try mixture(shape, prefix + ".ffn", isHashed: hashed[index])))
      layers.append(
        .hyper(
          HyperLayerDescription(
            mixerConnection: try connection(shape, prefix + ".hc_attn", streams),
            feedForwardConnection: try connection(shape, prefix + ".hc_ffn", streams),
            blocks: blocks)))
    }
    var model = ModelDescription(
      family: "deepseek_v4", vocabulary: shape.vocabulary, hidden: shape.hidden,
      context: shape.context, embedding: "embed.weight", layers: layers,
      finalNorm: shape.norm("norm"),
      head: shape.tied
        ? nil
        : LinearDescription(
          "head", inputs: shape.hidden, outputs: shape.vocabulary, role: .head))
    model.streams = try connection(shape, "hc_head", streams, mixes: false)
    model.skippedPrefixes = ["mtp."]
    return model
  }

  private static func connection(
    _ shape: Shape, _ prefix: String, _ streams: Int, mixes: Bool = true
  ) throws(EngineError) -> HyperConnectionDescription {
    let c = shape.configuration
    return HyperConnectionDescription(
      prefix, streams: streams, hidden: shape.hidden, mixes: mixes, normEpsilon: shape.epsilon,
      epsilon: try c.positive("hc_eps", default: 1e-6),
      iterations: try c.int("hc_sinkhorn_iters", default: 20, in: 0...1000))
  }

  /// Which layers choose experts by token.
  private static func hashedLayers(_ shape: Shape) throws(EngineError) -> [Bool] {
    let c = shape.configuration
    if let types = try shape.checkLength(c.optionalStrings("mlp_layer_types"), "mlp_layer_types") {
      if let other = types.first(where: { $0 != "hash_moe" && $0 != "moe" }) {
        throw c.refusal("mlp_layer_types", "\(other.quotedForMessage()) is not implemented")
      }
      return types.map { $0 == "hash_moe" }
    }
    let count = try c.optionalInt("num_hash_layers") ?? 3
    return (0..<shape.layers).map { $0 < count }
  }

  private static func mixture(_ shape: Shape, _ prefix: String, isHashed: Bool)
    throws(EngineError) -> SparseMixtureDescription
  {
    let c = shape.configuration
    let (experts, k) = try shape.expertCounts(["n_routed_experts"])
    let width = try c.int("moe_intermediate_size", in: 1...(1 << 24))
    let names = (gate: "w1", up: "w3", down: "w2")
    var router = RouterDescription(
      experts: experts, expertsPerToken: k,
      gate: LinearDescription(
        prefix + ".gate", inputs: shape.hidden, outputs: experts, role: .router),
      scoring: try scoring(c), normalization: .sum(epsilon: 1e-20))
    router.scale = try c.float("routed_scaling_factor", default: 1)
    if isHashed {
      router.table = prefix + ".gate.tid2eid"
      router.vocabulary = shape.vocabulary
    } else {
      router.choiceBias = Parameter(vector: prefix + ".gate.bias", count: experts, role: .router)
    }
    var mixture = SparseMixtureDescription(
      router: router,
      experts: shape.experts(prefix, count: experts, intermediate: width, names: names))
    mixture.activation = .clampedSwiGLU(limit: try c.positive("swiglu_limit", default: 10))
    mixture.shared = GatedFeedForwardDescription(
      prefix + ".shared_experts", hidden: shape.hidden, intermediate: width, role: .sharedExpert,
      names: names)
    mixture.shared?.activation = mixture.activation
    return mixture
  }

  private static func scoring(_ c: ModelConfiguration) throws(EngineError)
    -> RouterDescription.Scoring
  {
    try c.require("scoring_func", oneOf: ["sqrtsoftplus", "sigmoid", "softmax"])
    switch try c.optionalString("scoring_func") {
    case "sigmoid": return .sigmoid
    case "softmax": return .softmax
    default: return .squareRootSoftplus
    }
  }
}
