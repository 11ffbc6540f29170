// DeepSeek-V3 (DeepSeek-AI 2024), and R1 and Kimi K2 (Moonshot AI 2025), which share its architecture.

enum DeepSeekV3: Architecture {
  static let modelTypes = ["deepseek_v3", "kimi_k2"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try describe(c, prefix: "", firstDense: 3)
  }

  /// - Parameters:
  ///   - prefix: What stands before every tensor's name.
  ///   - firstDense: Dense layers where the configuration does not say.
  static func describe(_ c: ModelConfiguration, prefix: String, firstDense: Int)
    throws(EngineError) -> ModelDescription
  {
    try c.require("hidden_act", oneOf: ["silu"])
    let shape = try Shape(c)
    let pairing: RotaryDescription.Pairing =
      try c.bool("rope_interleave", default: true) ? .neighbours : .halves
    let sparse = try shape.sparseLayers(firstDense: firstDense)
    let (experts, k) = try shape.expertCounts(["n_routed_experts"])
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let name = "\(prefix)model.layers.\(index)"
      let attention = try shape.latentAttention(name + ".self_attn", pairing: pairing)
      let router = try shape.correctedRouter(name, experts: experts, perToken: k, scale: nil)
      layers.append(
        shape.layer(
          name, .latent(attention),
          try shape.feedForward(name, isSparse: sparse[index], router: router)))
    }
    return try shape.model(layers, prefix: prefix + "model.", head: prefix + "lm_head")
  }
}

/// Kimi K2.5 (Moonshot AI 2026): Kimi K2 inside a model that also sees; the vision tower is left out.
enum KimiK25: Architecture {
  static let modelTypes = ["kimi_k25"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    guard let text = try c.optionalObject("text_config") else {
      throw c.refusal("text_config", "is missing")
    }
    try text.require("model_type", oneOf: ["kimi_k2", "deepseek_v3"])
    var model = try DeepSeekV3.describe(
      text, prefix: "language_model.", firstDense: 3)
    model.family = "kimi_k25"
    model.skippedPrefixes += ["vision_tower.", "mm_projector."]
    return model
  }
}
