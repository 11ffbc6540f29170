// The registry of families: from a configuration to a model's description.

import StrictJSON

/// A family of models: translates its configuration's keys and its tensors' names.
public protocol Architecture: Sendable {
  /// Values of `model_type` it answers to.
  static var modelTypes: [String] { get }
  static func describe(_ configuration: ModelConfiguration) throws(EngineError) -> ModelDescription
  /// Whether its checkpoints may keep experts as nibbles and exponents in two tensors.
  static var storesMXFP4: Bool { get }
}

extension Architecture {
  public static var storesMXFP4: Bool { false }
}

/// Every family the engine knows.
public enum Architectures {
  static let all: [any Architecture.Type] = [
    Mixtral.self, Qwen2MoE.self, Qwen3MoE.self, OLMoE.self, GraniteMoE.self, DeepSeekV2.self,
    DeepSeekV3.self, KimiK25.self, Glm4MoELite.self, LongCatFlash.self, DeepSeekV32.self,
    GlmMoEDSA.self, DeepSeekV4.self, LFM2MoE.self, Qwen3Next.self, Qwen3_5MoE.self,
    GraniteMoEHybrid.self,
    Jamba.self, KimiLinear.self,
    GPTOSS.self, Glm4MoE.self, MiniMaxM2.self, PhiMoE.self, Ernie4_5MoE.self, HunyuanMoE.self,
    HyV3.self, Dots1.self, ExaoneMoE.self, SolarOpen.self, MiMoV2.self, Llama4.self,
  ]

  /// All values of `model_type` that can be run, sorted.
  public static var modelTypes: [String] { all.flatMap { $0.modelTypes }.sorted() }

  /// Describes the model a configuration stands for.
  ///
  /// - Parameter hasTensor: Whether the checkpoint holds a tensor; nil for a configuration alone. Multimodal
  ///   checkpoints keep their decoder under a prefix that the decoder's own configuration does not tell.
  /// - Throws: ``EngineError/unsupportedModel(_:)`` for an unknown family, ``EngineError/configuration(field:rule:)``
  ///   for anything in the configuration that is missing, malformed or not implemented.
  public static func describe(
    _ value: JSONValue, hasTensor: ((String) -> Bool)? = nil
  ) throws(EngineError) -> ModelDescription {
    let configuration = try ModelConfiguration(value, hasTensor: hasTensor)
    guard let type = try configuration.optionalString("model_type") else {
      throw configuration.refusal("model_type", "is missing")
    }
    guard let family = all.first(where: { $0.modelTypes.contains(type) }) else {
      throw configuration.refusal(
        "model_type", "\(type.quotedForMessage()) is not a family this engine knows")
    }
    if try QuantizationScheme(configuration) == .mxfp4, !family.storesMXFP4 {
      throw configuration.refusal(
        "quantization_config.quant_method", "\"mxfp4\" is not implemented for \(type)")
    }
    return try family.describe(configuration)
  }
}

extension Architectures {
  /// Describes the model of an open checkpoint.
  public static func describe(_ checkpoint: Checkpoint) throws(EngineError) -> ModelDescription {
    try describe(checkpoint.config, hasTensor: checkpoint.holds)
  }
}

/// Sizes that every family's configuration holds, and pieces of description that most share.
struct Shape {
  let configuration: ModelConfiguration
  let hidden: Int
  let layers: Int
  let vocabulary: Int
  let context: Int?
  let epsilon: Float
  var tied: Bool

  init(
    _ c: ModelConfiguration, epsilonKey: String = "rms_norm_eps", epsilonByDefault: Float = 1e-6,
    layersKey: String = "num_hidden_layers", tiedByDefault: Bool = false
  ) throws(EngineError) {
    configuration = c
    hidden = try c.int("hidden_size", in: 1...(1 << 20))
    layers = try c.int(layersKey, in: 1...4096)
    vocabulary = try c.int("vocab_size", in: 1...(1 << 24))
    context = try c.optionalInt("max_position_embeddings", in: 1...(1 << 31))
    epsilon = try c.positive(epsilonKey, default: epsilonByDefault)
    tied = try c.bool("tie_word_embeddings", default: tiedByDefault)
  }

  func norm(_ name: String, _ count: Int? = nil, offset: Float = 0) -> NormDescription {
    NormDescription(
      name, count: count ?? hidden, epsilon: epsilon, kind: .rms(offset: offset))
  }

  /// The model around its layers, with the names nearly every family uses.
  func model(
    _ layers: [LayerDescription], prefix: String = "model.", head: String = "lm_head",
    normOffset: Float = 0
  ) throws(EngineError) -> ModelDescription {
    let type = try configuration.optionalString("model_type") ?? ""
    var description = ModelDescription(
      family: type, vocabulary: vocabulary, hidden: hidden, context: context,
      embedding: prefix + "embed_tokens.weight", layers: layers,
      finalNorm: norm(prefix + "norm", offset: normOffset),
      head: tied
        ? nil
        : LinearDescription(head, inputs: hidden, outputs: vocabulary, role: .head))
    // Layers that predict several tokens ahead follow the model's own where the configuration announces them.
    let extra = try configuration.optionalInt("num_nextn_predict_layers", in: 0...64) ?? 0
    description.skippedPrefixes =
      ["mtp.", "model.mtp."] + (0..<extra).map { "\(prefix)layers.\(self.layers + $0)." }
    return description
  }

  /// Grouped-query attention with the usual projections under `prefix`.
  func attention(
    _ prefix: String, bias: Bool = false, outputBias: Bool = false, heads givenHeads: Int? = nil,
    keyHeads givenKeyHeads: Int? = nil, headDimension: Int? = nil, valueDimension: Int? = nil
  ) throws(EngineError) -> GroupedQueryAttentionDescription {
    let c = configuration
    let heads =
      if let givenHeads { givenHeads } else { try c.int("num_attention_heads", in: 1...65536) }
    let keyHeads =
      if let givenKeyHeads { givenKeyHeads } else {
        try c.int("num_key_value_heads", default: heads, in: 1...65536)
      }
    guard heads % keyHeads == 0 else {
      throw c.refusal("num_key_value_heads", "\(keyHeads) does not divide \(heads) heads")
    }
    let dimension = if let headDimension { headDimension } else { try self.headDimension(heads) }
    let value = valueDimension ?? dimension
    func projection(_ name: String, _ inputs: Int, _ outputs: Int, _ bias: Bool)
      -> LinearDescription
    {
      LinearDescription(
        "\(prefix).\(name)", inputs: inputs, outputs: outputs, role: .attention, bias: bias)
    }
    return GroupedQueryAttentionDescription(
      heads: heads, keyHeads: keyHeads, headDimension: dimension, valueDimension: value,
      query: projection("q_proj", hidden, heads * dimension, bias),
      key: projection("k_proj", hidden, keyHeads * dimension, bias),
      value: projection("v_proj", hidden, keyHeads * value, bias),
      output: projection("o_proj", heads * value, hidden, outputBias))
  }

  func headDimension(_ heads: Int) throws(EngineError) -> Int {
    if let explicit = try configuration.optionalInt("head_dim", in: 1...65536) { return explicit }
    guard hidden % heads == 0 else {
      throw configuration.refusal(
        "num_attention_heads", "\(heads) does not divide hidden_size \(hidden)")
    }
    return hidden / heads
  }

  /// Which earlier positions the layers see, for families with an optional window over all layers.
  func window(enabledBy key: String? = nil) throws(EngineError) -> Visibility {
    if let key, try !configuration.bool(key, default: false) { return .causal }
    let window = try configuration.optionalInt("sliding_window", in: 1...(1 << 31))
    return window.map { .window($0) } ?? .causal
  }

  /// Per-expert tensors `prefix.experts.{}.gate_proj` and so on.
  func experts(
    _ prefix: String, count: Int, intermediate: Int,
    names: (gate: String, up: String, down: String) = ("gate_proj", "up_proj", "down_proj")
  ) -> ExpertsDescription {
    ExpertsDescription(
      count: count, hidden: hidden, intermediate: intermediate,
      layout: .separate(
        gate: "\(prefix).experts.{}.\(names.gate).weight",
        up: "\(prefix).experts.{}.\(names.up).weight",
        down: "\(prefix).experts.{}.\(names.down).weight"))
  }

  /// Experts and experts a token, checked against each other.
  func expertCounts(_ keys: [String], perToken: [String] = ["num_experts_per_tok"])
    throws(EngineError) -> (count: Int, perToken: Int)
  {
    let c = configuration
    let count = try c.int(anyOf: keys, in: 1...65536)
    let k = try c.int(anyOf: perToken, in: 1...65536)
    guard k <= count else {
      throw c.refusal(c.first(perToken) ?? perToken[0], "\(k) experts a token of \(count)")
    }
    return (count, k)
  }

  func layer(
    _ prefix: String, _ mixer: MixerDescription, _ feedForward: FeedForwardDescription,
    offset: Float = 0, residualMultiplier: Float = 1
  ) -> LayerDescription {
    .preNorm(
      PreNormLayerDescription(
        mixerNorm: norm(prefix + ".input_layernorm", offset: offset), mixer: mixer,
        feedForwardNorm: norm(prefix + ".post_attention_layernorm", offset: offset),
        feedForward: feedForward, residualMultiplier: residualMultiplier))
  }

  /// A list over layers must have an entry for each.
  func checkLength<T>(_ list: [T]?, _ key: String) throws(EngineError) -> [T]? {
    guard let list else { return nil }
    guard list.count == layers else {
      throw configuration.refusal(key, "has \(list.count) entries for \(layers) layers")
    }
    return list
  }
}
