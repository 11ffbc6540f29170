// Jamba (Lieber et al. 2024): Mamba layers, an attention layer now and then without any position embedding, experts in
// every second layer.

enum Jamba: Architecture {
  static let modelTypes = ["jamba"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    let shape = try Shape(c)
    let attention = try Pattern(c, "attn_layer", period: 8, offset: 4)
    let expert = try Pattern(c, "expert_layer", period: 2, offset: 1)
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      let mixer: MixerDescription =
        attention.holds(index)
        ? .groupedQuery(try shape.attention(prefix + ".self_attn"))
        : .selectiveScan(try mamba(shape, prefix + ".mamba"))
      layers.append(
        .preNorm(
          PreNormLayerDescription(
            mixerNorm: shape.norm(prefix + ".input_layernorm"), mixer: mixer,
            feedForwardNorm: shape.norm(prefix + ".pre_ff_layernorm"),
            feedForward: try feedForward(
              shape, prefix + ".feed_forward", isSparse: expert.holds(index)))))
    }
    var model = try shape.model(layers)
    model.finalNorm = shape.norm("model.final_layernorm")
    return model
  }

  /// Every `period`-th layer, beginning with `offset`.
  private struct Pattern {
    let period: Int
    let offset: Int

    init(_ c: ModelConfiguration, _ name: String, period: Int, offset: Int) throws(EngineError) {
      self.period = try c.int(name + "_period", default: period, in: 1...4096)
      self.offset = try c.int(name + "_offset", default: offset, in: 0...4096)
      guard self.offset < self.period else {
        throw c.refusal(
          name + "_offset", "\(self.offset) is not below the period \(self.period)")
      }
    }

    func holds(_ index: Int) -> Bool { index % period == offset }
  }

  private static func mamba(_ shape: Shape, _ prefix: String) throws(EngineError)
    -> SelectiveScanDescription
  {
    let c = shape.configuration
    let channels = try c.int("mamba_expand", default: 2, in: 1...64) * shape.hidden
    let state = try c.int("mamba_d_state", default: 16, in: 1...65536)
    let rank = try stepRank(shape)
    let bias = try c.bool("mamba_proj_bias", default: false)
    func linear(_ name: String, _ inputs: Int, _ outputs: Int, bias: Bool) -> LinearDescription {
      LinearDescription(
        "\(prefix).\(name)", inputs: inputs, outputs: outputs, role: .recurrence, bias: bias)
    }
    var step = linear("dt_proj", rank, channels, bias: true)
    // Steps between 0.001 and 0.1 after the softplus, as the paper initialises them.
    step.bias?.distribution = .uniform(-6.9, -2.25)
    return SelectiveScanDescription(
      channels: channels, stateDimension: state, stepRank: rank,
      input: linear("in_proj", shape.hidden, 2 * channels, bias: bias),
      convolution: CausalConvolutionDescription(
        prefix + ".conv1d", channels: channels,
        taps: try c.int("mamba_d_conv", default: 4, in: 1...4096),
        bias: try c.bool("mamba_conv_bias", default: true), isActivated: true),
      selection: linear("x_proj", channels, rank + 2 * state, bias: false),
      stepNorm: shape.norm(prefix + ".dt_layernorm", rank),
      inputNorm: shape.norm(prefix + ".b_layernorm", state),
      outputNorm: shape.norm(prefix + ".c_layernorm", state), step: step,
      logRates: Parameter(
        floats: prefix + ".A_log", rows: channels, columns: state, role: .recurrence,
        distribution: .logUniform(1, 16)),
      skip: Parameter(
        vector: prefix + ".D", count: channels, role: .recurrence, distribution: .constant(1)),
      output: linear("out_proj", channels, shape.hidden, bias: bias))
  }

  /// A number, or "auto" for a sixteenth of the hidden size.
  private static func stepRank(_ shape: Shape) throws(EngineError) -> Int {
    let c = shape.configuration
    let automatic = (shape.hidden + 15) / 16
    if c.value("mamba_dt_rank")?.string == "auto" { return automatic }
    return try c.int("mamba_dt_rank", default: automatic, in: 1...(1 << 20))
  }

  private static func feedForward(_ shape: Shape, _ prefix: String, isSparse: Bool)
    throws(EngineError) -> FeedForwardDescription
  {
    let c = shape.configuration
    let intermediate = try c.int("intermediate_size", in: 1...(1 << 24))
    let (experts, k) = try shape.expertCounts(["num_experts", "num_local_experts"])
    guard isSparse && experts > 1 else {
      return .dense(
        GatedFeedForwardDescription(
          prefix, hidden: shape.hidden, intermediate: intermediate, role: .denseFeedForward))
    }
    return .mixture(
      SparseMixtureDescription(
        router: RouterDescription(
          experts: experts, expertsPerToken: k,
          gate: LinearDescription(
            prefix + ".router", inputs: shape.hidden, outputs: experts, role: .router),
          scoring: .softmax),
        experts: shape.experts(prefix, count: experts, intermediate: intermediate)))
  }
}
