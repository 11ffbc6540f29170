// Rotary embedding in a configuration: `rope_theta` with `rope_scaling`, or `rope_parameters`, possibly by layer type.

extension ModelConfiguration {
  /// The rotation of a layer.
  ///
  /// - Parameters:
  ///   - dimension: Rotated elements of a head, where the configuration does not give a share of them.
  ///   - layerType: The key of nested `rope_parameters`, where a family has several.
  ///   - theta: The base used where the configuration names none.
  func rotary(
    dimension: Int, pairing: RotaryDescription.Pairing = .halves, layerType: String? = nil,
    theta fallback: Float? = 10000
  ) throws(EngineError) -> RotaryDescription {
    let parameters = try ropeParameters(layerType)
    let nested = try parameters?.optionalFloat("rope_theta")
    let plain = try optionalFloat("rope_theta")
    guard let theta = nested ?? plain ?? fallback else { throw refusal("rope_theta", "is missing") }
    guard theta > 0 else { throw refusal("rope_theta", "is \(theta), not above 0") }
    guard dimension >= 2, dimension % 2 == 0 else {
      throw refusal("head_dim", "\(dimension) rotated elements do not pair up")
    }
    var rotary = RotaryDescription(dimension: dimension, theta: theta, pairing: pairing)
    if let parameters { try applyScaling(parameters, to: &rotary) }
    return rotary
  }

  /// The share of a head that is rotated, wherever the configuration keeps it.
  func partialRotaryFactor(layerType: String? = nil) throws(EngineError) -> Float? {
    let nested = try ropeParameters(layerType)?.optionalFloat("partial_rotary_factor")
    let plain = try optionalFloat("partial_rotary_factor")
    let factor = nested ?? plain
    if let factor, !(factor > 0 && factor <= 1) {
      throw refusal("partial_rotary_factor", "is \(factor), outside 0...1")
    }
    return factor
  }

  /// `rope_parameters` (of one layer type), or the older `rope_scaling`.
  private func ropeParameters(_ layerType: String?) throws(EngineError) -> ModelConfiguration? {
    if let parameters = try optionalObject("rope_parameters") {
      if let layerType, let nested = try parameters.optionalObject(layerType) { return nested }
      return parameters
    }
    return try optionalObject("rope_scaling")
  }

  private func applyScaling(
    _ parameters: ModelConfiguration, to rotary: inout RotaryDescription
  ) throws(EngineError) {
    let key = parameters.first(["rope_type", "type"]) ?? "rope_type"
    let kind = try parameters.optionalString(key) ?? "default"
    switch kind {
    case "default", "mrope":
      break
    case "linear":
      rotary.scaling = .linear(factor: try parameters.positive("factor"))
    case "yarn", "deepseek_yarn":
      rotary.scaling = .yarn(try yarn(parameters))
    case "llama3":
      rotary.scaling = .llama3(
        factor: try parameters.positive("factor"),
        lowFactor: try parameters.positive("low_freq_factor"),
        highFactor: try parameters.positive("high_freq_factor"),
        original: try parameters.positive("original_max_position_embeddings"))
    case "dynamic":
      // Hunyuan: a fixed change of base. Without alpha the base would change with the length of the text.
      let alpha = try parameters.positive("alpha")
      let d = Float(rotary.dimension)
      rotary.theta *= Float(Double.power(Double(alpha), Double(d / (d - 2))))
    default:
      throw parameters.refusal(key, "\(kind.quotedForMessage()) is not implemented")
    }
  }

  private func yarn(_ parameters: ModelConfiguration) throws(EngineError) -> YarnScaling {
    let given = try parameters.optionalFloat("original_max_position_embeddings")
    let original = if let given { given } else { try positive("max_position_embeddings") }
    var yarn = YarnScaling(factor: try parameters.positive("factor"), original: original)
    yarn.betaFast = try parameters.positive("beta_fast", default: 32)
    yarn.betaSlow = try parameters.positive("beta_slow", default: 1)
    yarn.truncate = try parameters.bool("truncate", default: true)
    yarn.attentionFactor = try parameters.optionalFloat("attention_factor")
    yarn.mscale = try parameters.optionalFloat("mscale")
    yarn.mscaleAllDimensions = try parameters.optionalFloat("mscale_all_dim")
    return yarn
  }
}
