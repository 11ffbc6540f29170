// Granite 4 hybrids (IBM 2025): Mamba 2 layers and a few attention layers, mostly without position embedding, over
// Granite's mixtures with a shared expert.

enum GraniteMoEHybrid: Architecture {
  static let modelTypes = ["granitemoehybrid"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    let shape = try Shape(c)
    let isMamba = try mambaLayers(shape)
    let positions = try c.optionalString("position_embedding_type")
    try c.require("position_embedding_type", oneOf: ["rope", "nope"])
    try c.require("normalization_function", oneOf: ["rmsnorm"])
    return try GraniteMoE.model(shape) { prefix, index throws(EngineError) in
      if isMamba[index] { return .stateSpaceDuality(try mamba(shape, prefix + ".mamba")) }
      var attention = try GraniteMoE.attention(shape, prefix)
      if positions == "rope" {
        attention.rotary = try c.rotary(dimension: attention.headDimension)
      }
      return .groupedQuery(attention)
    } feedForward: { prefix throws(EngineError) in
      let shared = try GraniteMoE.shared(shape, prefix)
      if try c.int("num_local_experts", default: 8, in: 0...65536) > 0 {
        var mixture = try GraniteMoE.mixture(shape, prefix)
        mixture.shared = shared
        return .mixture(mixture)
      }
      guard var dense = shared else {
        throw c.refusal("shared_intermediate_size", "is 0 where there are no experts either")
      }
      dense.gate.weight.role = .denseFeedForward
      dense.up.weight.role = .denseFeedForward
      dense.down.weight.role = .denseFeedForward
      return .dense(dense)
    }
  }

  /// Which layers are Mamba layers, in the older and the newer words; all where nothing is said.
  private static func mambaLayers(_ shape: Shape) throws(EngineError) -> [Bool] {
    let c = shape.configuration
    let key = c.first(["layer_types", "layers_block_type"]) ?? "layer_types"
    guard let types = try shape.checkLength(c.optionalStrings(key), key) else {
      return Array(repeating: true, count: shape.layers)
    }
    var result: [Bool] = []
    for type in types {
      switch type {
      case "mamba", "linear_attention": result.append(true)
      case "attention", "full_attention": result.append(false)
      default: throw c.refusal(key, "\(type.quotedForMessage()) is not implemented")
      }
    }
    return result
  }

  private static func mamba(_ shape: Shape, _ prefix: String) throws(EngineError)
    -> StateSpaceDualityDescription
  {
    let c = shape.configuration
    let inner = try c.int("mamba_expand", default: 2, in: 1...64) * shape.hidden
    let heads = try c.int("mamba_n_heads", default: 128, in: 1...65536)
    let isAutomatic = c.value("mamba_d_head")?.string == "auto"
    let head = isAutomatic ? inner / heads : try c.int("mamba_d_head", default: inner / heads)
    guard head <= inner, head * heads == inner else {
      throw c.refusal("mamba_d_head", "\(heads) heads of \(head) do not make up \(inner) channels")
    }
    let groups = try c.int("mamba_n_groups", default: 1, in: 1...65536)
    guard heads % groups == 0 else {
      throw c.refusal("mamba_n_groups", "\(groups) does not divide \(heads) heads")
    }
    let state = try c.int("mamba_d_state", default: 256, in: 1...65536)
    let width = inner + 2 * groups * state
    let bias = try c.bool("mamba_proj_bias", default: false)
    func vector(_ name: String, _ distribution: SyntheticDistribution) -> Parameter {
      Parameter(
        vector: "\(prefix).\(name)", count: heads, role: .recurrence, distribution: distribution)
    }
    return StateSpaceDualityDescription(
      heads: heads, headDimension: head, groups: groups, stateDimension: state,
      input: LinearDescription(
        prefix + ".in_proj", inputs: shape.hidden, outputs: inner + width + heads,
        role: .recurrence, bias: bias),
      convolution: CausalConvolutionDescription(
        prefix + ".conv1d", channels: width,
        taps: try c.int("mamba_d_conv", default: 4, in: 1...4096),
        bias: try c.bool("mamba_conv_bias", default: true), isActivated: true),
      logRates: vector("A_log", .logUniform(1, 16)), stepBias: vector("dt_bias", .uniform(-4, -2)),
      skip: vector("D", .constant(1)), stepLimits: try stepLimits(c),
      norm: shape.norm(prefix + ".norm", inner),
      output: LinearDescription(
        prefix + ".out_proj", inputs: inner, outputs: shape.hidden, role: .recurrence, bias: bias))
  }

  /// Two numbers, the second of which may be infinite (also as the object that newer files spell it with).
  private static func stepLimits(_ c: ModelConfiguration) throws(EngineError)
    -> ClosedRange<Float>
  {
    let key = "time_step_limit"
    guard let value = c.value(key) else { return 0...Float.infinity }
    let bounds = (value.array ?? []).map { bound -> Float? in
      if bound["__float__"]?.string == "Infinity" { return .infinity }
      return bound.number?.doubleOrNonFinite.map { Float($0) }
    }
    guard bounds.count == 2, let low = bounds[0], let high = bounds[1], low <= high else {
      throw c.refusal(key, "is not a pair of rising numbers")
    }
    return low...high
  }
}
