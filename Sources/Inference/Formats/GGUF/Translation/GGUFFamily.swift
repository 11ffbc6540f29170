// The registry of GGUF architectures: from metadata to a family's configuration and tensor names.

import StrictJSON

/// Translates one or several values of `general.architecture`.
protocol GGUFFamily: Sendable {
  static var architectures: [String] { get }
  /// The family's `config.json`.
  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject
  /// The family's tensors.
  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError)
}

extension GGUFFamily {
  static func plan(_ plan: inout TensorPlan) throws(CheckpointError) {
    try tensors(&plan)
    try plan.checkAllUsed()
  }
}

enum GGUFFamilies {
  static let all: [any GGUFFamily.Type] = [
    GGUFMixtral.self, GGUFOLMoE.self, GGUFQwenMoE.self, GGUFQwenHybrid.self, GGUFGranite.self,
    GGUFDeepSeek.self, GGUFGLM4MoE.self, GGUFGptOss.self, GGUFMiniMax.self, GGUFPhiMoE.self,
    GGUFLlama4.self, GGUFErnie.self, GGUFDots.self, GGUFExaone.self, GGUFHunyuanV3.self,
    GGUFLFM2.self, GGUFJamba.self, GGUFKimiLinear.self,
  ]

  static func named(_ architecture: String) -> (any GGUFFamily.Type)? {
    all.first { $0.architectures.contains(architecture) }
  }
}

extension GGUFHeader {
  /// The keys every family has.
  func commonConfiguration(_ type: String, epsilonKey: String = "rms_norm_eps")
    throws(CheckpointError) -> JSONObject
  {
    var config = JSONObject()
    config["model_type"] = .string(type)
    config["hidden_size"] = JSONValue(hidden)
    config["num_hidden_layers"] = JSONValue(layers)
    config["vocab_size"] = JSONValue(try shape("token_embd.weight").first ?? 0)
    config["max_position_embeddings"] = .intOrNull(try optionalInt("context_length"))
    config[epsilonKey] = .numberOrNull(try double("attention.layer_norm_rms_epsilon"))
    config["hidden_act"] = "silu"
    config["tie_word_embeddings"] = .bool(!holds("output.weight"))
    config["num_attention_heads"] = JSONValue(heads)
    return config
  }

  /// Grouped-query attention: heads, their size, and rotation.
  func attention(_ config: inout JSONObject, rotary: Bool = true) throws(CheckpointError) {
    config["num_key_value_heads"] = JSONValue(try keyValueHeads())
    config["head_dim"] = JSONValue(try headDimension())
    if rotary { try self.rotary(&config) }
  }

  /// `rope_theta` and `rope_scaling`.
  func rotary(_ config: inout JSONObject) throws(CheckpointError) {
    config["rope_theta"] = .numberOrNull(try double("rope.freq_base", 10000))
    config["rope_scaling"] = try ropeScaling()
  }

  private func ropeScaling() throws(CheckpointError) -> JSONValue {
    if let factors = try frequencyFactors() { return factors }
    // As llama.cpp: a factor without a type stretches linearly, and older files have one key for it.
    let old = try optionalDouble("rope.scale_linear")
    let factor = try optionalDouble("rope.scaling.factor") ?? old
    switch try optionalString("rope.scaling.type") ?? (factor == nil ? "none" : "linear") {
    case "none": return .null
    case "linear":
      guard let factor, factor != 0 else { return .null }
      return ["rope_type": "linear", "factor": .numberOrNull(factor)]
    case "yarn": return .object(try yarn())
    case let type:
      throw refusal("rope.scaling.type", "\(type.quotedForMessage(limit: 40)) is not implemented")
    }
  }

  private func yarn() throws(CheckpointError) -> JSONObject {
    var scaling = JSONObject()
    scaling["rope_type"] = "yarn"
    scaling["factor"] = .numberOrNull(try double("rope.scaling.factor"))
    scaling["original_max_position_embeddings"] = JSONValue(
      try positive("rope.scaling.original_context_length"))
    scaling["beta_fast"] = .numberOrNull(try double("rope.scaling.yarn_beta_fast", 32))
    scaling["beta_slow"] = .numberOrNull(try double("rope.scaling.yarn_beta_slow", 1))
    if let multiplier = try optionalDouble("rope.scaling.yarn_log_multiplier") {
      // Stored as a tenth of mscale_all_dim, for 0.1 * mscale * ln(factor) + 1; rounded to undo the float's error.
      let mscale = (multiplier * 1e7).rounded() / 1e6
      scaling["mscale"] = .numberOrNull(mscale)
      scaling["mscale_all_dim"] = .numberOrNull(mscale)
    }
    return scaling
  }

  /// Divisors of the frequencies, where the file has them as tensors.
  private func frequencyFactors() throws(CheckpointError) -> JSONValue? {
    let both = try floats("rope_freqs.weight")
    let short = try floats("rope_factors_short.weight")
    let long = try floats("rope_factors_long.weight")
    guard let short = both ?? short, let long = both ?? long else { return nil }
    func list(_ values: [Float]) -> JSONValue {
      .array(values.map { .numberOrNull(Double("\($0)")) })
    }
    var scaling = JSONObject()
    scaling["rope_type"] = "longrope"
    scaling["short_factor"] = list(short)
    scaling["long_factor"] = list(long)
    let factor = try double("rope.scaling.attn_factor", 1)
    scaling["attention_factor"] = .numberOrNull(factor)
    scaling["short_mscale"] = .numberOrNull(factor)
    scaling["long_mscale"] = .numberOrNull(factor)
    let original = "rope.scaling.original_context_length"
    scaling["original_max_position_embeddings"] = .intOrNull(
      try optionalInt(has(original) ? original : "context_length"))
    return .object(scaling)
  }
}
