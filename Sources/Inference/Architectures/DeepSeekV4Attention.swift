// DeepSeek-V4's attention in a configuration: which layers compress, how much, and with which rotation.

struct DeepSeekV4Attention {
  enum Kind: String {
    case sliding = "sliding_attention"
    case sparse = "compressed_sparse_attention"
    case heavy = "heavily_compressed_attention"
  }

  let shape: Shape
  let heads: Int
  let dimension: Int
  let rank: Int
  /// Positions of a window of the two compressing kinds.
  let periods: [Kind: Int]
  /// Rotation of sliding layers, and of compressing ones.
  let plainRotary: RotaryDescription
  let distantRotary: RotaryDescription

  init(_ shape: Shape) throws(EngineError) {
    let c = shape.configuration
    self.shape = shape
    heads = try c.int("num_attention_heads", in: 1...65536)
    dimension = try c.int("head_dim", in: 2...65536)
    rank = try c.int("q_lora_rank", in: 1...65536)
    periods = try Self.periods(c)
    let rotated = try Self.rotated(c, dimension)
    (plainRotary, distantRotary) = try Self.rotaries(c, rotated)
  }

  private static func periods(_ c: ModelConfiguration) throws(EngineError) -> [Kind: Int] {
    let rates = try c.optionalObject("compress_rates")
    var periods: [Kind: Int] = [:]
    for (kind, key, fallback) in [
      (Kind.sparse, "compress_rate_csa", 4), (.heavy, "compress_rate_hca", 128),
    ] {
      let named = try rates?.optionalInt(kind.rawValue, in: 1...65536)
      let plain = try c.optionalInt(key, in: 1...65536)
      periods[kind] = plain ?? named ?? fallback
    }
    return periods
  }

  /// Rotated elements at the end of a head.
  private static func rotated(_ c: ModelConfiguration, _ dimension: Int) throws(EngineError) -> Int
  {
    let named = try c.optionalInt("qk_rope_head_dim", in: 2...65536)
    let main = try c.partialRotaryFactor(layerType: "main")
    let distant = try c.partialRotaryFactor(layerType: "compress")
    guard main == distant else {
      throw c.refusal("rope_parameters", "a partial_rotary_factor for each kind is not implemented")
    }
    let share = main.map { Int(Float(dimension) * $0) }
    guard let rotated = share ?? named, rotated <= dimension else {
      throw c.refusal("qk_rope_head_dim", "is missing or more than head_dim \(dimension)")
    }
    if let named, named != rotated {
      throw c.refusal(
        "qk_rope_head_dim", "is \(named) where partial_rotary_factor gives \(rotated)")
    }
    return rotated
  }

  /// Either each has its own parameters, or sliding layers take the plain base and compressing ones the scaling, a
  /// base of their own, and no temperature.
  private static func rotaries(_ c: ModelConfiguration, _ rotated: Int) throws(EngineError)
    -> (plain: RotaryDescription, distant: RotaryDescription)
  {
    if let parameters = try c.optionalObject("rope_parameters"),
      parameters.value("main") != nil, parameters.value("compress") != nil
    {
      return (
        try c.rotary(dimension: rotated, pairing: .neighbours, layerType: "main"),
        try c.rotary(dimension: rotated, pairing: .neighbours, layerType: "compress")
      )
    }
    let plain = RotaryDescription(
      dimension: rotated, theta: try c.positive("rope_theta", default: 10000),
      pairing: .neighbours)
    var distant = try c.rotary(dimension: rotated, pairing: .neighbours)
    distant.theta = try c.positive("compress_rope_theta", default: 160_000)
    if case .yarn(var yarn) = distant.scaling {
      yarn.attentionFactor = yarn.attentionFactor ?? 1
      distant.scaling = .yarn(yarn)
    }
    return (plain, distant)
  }

  /// What each layer sees beside its window.
  func kinds() throws(EngineError) -> [Kind] {
    let c = shape.configuration
    var kinds: [Kind] = []
    if let types = try shape.checkLength(c.optionalStrings("layer_types"), "layer_types") {
      for type in types {
        guard let kind = Kind(rawValue: type) else {
          throw c.refusal("layer_types", "\(type.quotedForMessage()) is not implemented")
        }
        kinds.append(kind)
      }
      return kinds
    }
    // The list goes on for the layers that predict further tokens.
    guard let ratios = try c.optionalInts("compress_ratios", in: 0...65536),
      ratios.count >= shape.layers
    else { throw c.refusal("compress_ratios", "has no entry for each of \(shape.layers) layers") }
    for ratio in ratios.prefix(shape.layers) {
      switch ratio {
      case 0: kinds.append(.sliding)
      case periods[.sparse]: kinds.append(.sparse)
      case periods[.heavy]: kinds.append(.heavy)
      default: throw c.refusal("compress_ratios", "\(ratio) is not implemented")
      }
    }
    return kinds
  }

  func layer(_ prefix: String, _ kind: Kind) throws(EngineError) -> CompressedAttentionDescription {
    let c = shape.configuration
    let groups = try c.int("o_groups", in: 1...65536)
    let ranked = try c.int("o_lora_rank", in: 1...65536)
    guard heads * dimension % groups == 0 else {
      throw c.refusal("o_groups", "\(groups) does not divide \(heads) heads of \(dimension)")
    }
    var attention = CompressedAttentionDescription(
      heads: heads, dimension: dimension, window: try c.int("sliding_window", in: 1...(1 << 30)),
      queryDown: linear(prefix + ".wq_a", shape.hidden, rank),
      queryNorm: shape.norm(prefix + ".q_norm", rank),
      queryUp: linear(prefix + ".wq_b", rank, heads * dimension), headEpsilon: shape.epsilon,
      keyValue: linear(prefix + ".wkv", shape.hidden, dimension),
      keyValueNorm: shape.norm(prefix + ".kv_norm", dimension),
      sinks: Parameter(vector: prefix + ".attn_sink", count: heads, role: .attention),
      groups: groups,
      groupOutput: linear(prefix + ".wo_a", heads * dimension / groups, groups * ranked),
      output: linear(prefix + ".wo_b", groups * ranked, shape.hidden),
      rotary: kind == .sliding ? plainRotary : distantRotary)
    let compressor = compressor(prefix + ".compressor", kind, dimension)
    switch kind {
    case .sliding: break
    case .heavy: attention.distant = .all(compressor)
    case .sparse: attention.distant = .indexed(compressor, try indexer(prefix + ".indexer"))
    }
    return attention
  }

  private func linear(_ name: String, _ inputs: Int, _ outputs: Int) -> LinearDescription {
    LinearDescription(name, inputs: inputs, outputs: outputs, role: .attention)
  }

  private func compressor(_ prefix: String, _ kind: Kind, _ dimension: Int)
    -> KeyCompressorDescription
  {
    let period = periods[kind] ?? 1
    let width = (kind == .sparse ? 2 : 1) * dimension
    var bias = Parameter(
      matrix: prefix + ".ape", rows: period, columns: width, role: .attention)
    bias.isQuantizable = false
    return KeyCompressorDescription(
      period: period, dimension: dimension, overlaps: kind == .sparse,
      value: linear(prefix + ".wkv", shape.hidden, width),
      gate: linear(prefix + ".wgate", shape.hidden, width), bias: bias,
      norm: shape.norm(prefix + ".norm", dimension), rotary: distantRotary)
  }

  private func indexer(_ prefix: String) throws(EngineError) -> IndexerDescription {
    let c = shape.configuration
    let indexHeads = try c.int("index_n_heads", in: 1...65536)
    let indexDimension = try c.int("index_head_dim", in: 2...65536)
    guard indexDimension >= distantRotary.dimension else {
      throw c.refusal(
        "index_head_dim", "is \(indexDimension), less than \(distantRotary.dimension) rotated")
    }
    var indexer = IndexerDescription(
      heads: indexHeads, dimension: indexDimension,
      limit: try c.int("index_topk", in: 1...(1 << 24)),
      query: linear(prefix + ".wq_b", rank, indexHeads * indexDimension),
      keys: .compressed(compressor(prefix + ".compressor", .sparse, indexDimension)),
      weights: linear(prefix + ".weights_proj", shape.hidden, indexHeads), rotary: distantRotary)
    indexer.weights.weight.isQuantizable = false
    indexer.firstRotated = indexDimension - distantRotary.dimension
    return indexer
  }
}
