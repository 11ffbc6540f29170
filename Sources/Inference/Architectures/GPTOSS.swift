// gpt-oss (OpenAI 2025): attention sinks, alternating windows, biases everywhere, clamped experts in MXFP4.

enum GPTOSS: Architecture {
  static let modelTypes = ["gpt_oss"]
  static let storesMXFP4 = true

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    let shape = try Shape(c, epsilonByDefault: 1e-5)
    let bias = try c.bool("attention_bias", default: true)
    let windows = try shape.windows(c.optionalInt("sliding_window")) { $0 % 2 == 0 }
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      var attention = try shape.attention(prefix + ".self_attn", bias: bias, outputBias: bias)
      attention.rotary = try rotary(c, attention.headDimension)
      attention.visibility = windows[index]
      attention.sinks = Parameter(
        vector: prefix + ".self_attn.sinks", count: attention.heads, role: .attention)
      layers.append(
        shape.layer(
          prefix, .groupedQuery(attention), .mixture(try mixture(shape, prefix + ".mlp"))))
    }
    return try shape.model(layers)
  }

  /// A configuration without any scaling means the released models' own.
  private static func rotary(_ c: ModelConfiguration, _ dimension: Int) throws(EngineError)
    -> RotaryDescription
  {
    var rotary = try c.rotary(dimension: dimension, theta: 150_000)
    if c.first(["rope_parameters", "rope_scaling"]) == nil {
      var yarn = YarnScaling(factor: 32, original: 4096)
      yarn.truncate = false
      rotary.scaling = .yarn(yarn)
    }
    return rotary
  }

  private static func mixture(_ shape: Shape, _ prefix: String) throws(EngineError)
    -> SparseMixtureDescription
  {
    let c = shape.configuration
    let (experts, k) = try shape.expertCounts(["num_local_experts", "num_experts"])
    let both = prefix + ".experts.gate_up_proj"
    let down = prefix + ".experts.down_proj"
    let isMXFP4 = try QuantizationScheme(c) == .mxfp4 || c.holds(both + "_blocks")
    var bank = ExpertsDescription(
      count: experts, hidden: shape.hidden,
      intermediate: try c.int("intermediate_size", in: 1...(1 << 24)),
      layout: isMXFP4
        ? .mxfp4(
          gateUpBlocks: both + "_blocks", gateUpScales: both + "_scales",
          downBlocks: down + "_blocks", downScales: down + "_scales")
        : .transposed(gateUp: both, down: down, interleaved: true))
    bank.gateUpBias = both + "_bias"
    bank.downBias = down + "_bias"
    var mixture = SparseMixtureDescription(
      router: RouterDescription(
        experts: experts, expertsPerToken: k,
        gate: LinearDescription(
          prefix + ".router", inputs: shape.hidden, outputs: experts, role: .router, bias: true),
        scoring: .softmaxOfChosen),
      experts: bank)
    mixture.activation = .shiftedSwiGLU(
      alpha: try c.float("swiglu_alpha", default: 1.702),
      limit: try c.positive("swiglu_limit", default: 7))
    return mixture
  }
}
