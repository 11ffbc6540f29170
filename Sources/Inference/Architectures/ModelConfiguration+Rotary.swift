// Rotary embedding in a configuration: `rope_theta` with `rope_scaling`, or `rope_parameters`, possibly by layer type.

extension ModelConfiguration {
  /// The rotation of a layer.
  ///
  /// - Parameters:
  ///   - dimension: Rotated elements of a head, where the configuration does not give a share of them.
  ///   - layerType: The key of nested `rope_parameters`, where a family has several.
  ///   - theta: The base used where the configuration names none.
  ///   - acceptsAlpha: Whether "dynamic" scaling with an `alpha` is the family's fixed change of base.
  func rotary(
    dimension: Int, pairing: RotaryDescription.Pairing = .halves, layerType: String? = nil,
    theta fallback: Float? = 10000, acceptsAlpha: Bool = false
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
    if let parameters { try applyScaling(parameters, to: &rotary, acceptsAlpha: acceptsAlpha) }
    return rotary
  }

  /// Rotated elements of a head of which a share is rotated, rounded down as the reference does.
  func rotatedElements(of head: Int, layerType: String? = nil, default share: Double = 1)
    throws(EngineError) -> Int
  {
    let nested = try ropeParameters(layerType)?.optionalDouble("partial_rotary_factor")
    let plain = try optionalDouble("partial_rotary_factor")
    let factor = nested ?? plain ?? share
    guard factor > 0, factor <= 1 else {
      throw refusal("partial_rotary_factor", "is \(factor), outside 0...1")
    }
    return Int(Double(head) * factor)
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
  func ropeParameters(_ layerType: String?) throws(EngineError) -> ModelConfiguration? {
    if let parameters = try optionalObject("rope_parameters") {
      if let layerType, let nested = try parameters.optionalObject(layerType) { return nested }
      return parameters
    }
    return try optionalObject("rope_scaling")
  }

  private func applyScaling(
    _ parameters: ModelConfiguration, to rotary: inout RotaryDescription, acceptsAlpha: Bool
  ) throws(EngineError) {
    let (key, kind) = try scalingType(parameters)
    switch kind {
    case "default":
      break
    case "linear":
      rotary.scaling = .linear(factor: try parameters.positive("factor"))
    case "yarn":
      rotary.scaling = .yarn(try yarn(parameters))
    case "llama3":
      let low = try parameters.positive("low_freq_factor")
      let high = try parameters.positive("high_freq_factor")
      // Alike in Llama 4 Scout: no wavelength lies between the two.
      guard low <= high else {
        throw parameters.refusal("high_freq_factor", "is \(high), below \(low)")
      }
      rotary.scaling = .llama3(
        factor: try parameters.positive("factor"), lowFactor: low, highFactor: high,
        original: try trainedPositions(parameters))
    case "longrope":
      rotary.scaling = .longRope(try longRope(parameters, frequencies: rotary.dimension / 2))
    case "dynamic" where acceptsAlpha:
      // Hunyuan: a fixed change of base, whatever the length of the text.
      let alpha = try parameters.positive("alpha")
      let d = Double(rotary.dimension)
      guard d > 2 else { throw refusal("head_dim", "is too small for a change of base") }
      rotary.theta *= Float(Double.power(Double(alpha), d / (d - 2)))
    default:
      throw parameters.refusal(key, "\(kind.quotedForMessage()) is not implemented")
    }
  }

  /// The kind of scaling, under the name it has today; older files say `type`, some say both.
  private func scalingType(_ parameters: ModelConfiguration) throws(EngineError) -> (
    key: String, kind: String
  ) {
    let aliases = ["su": "longrope", "deepseek_yarn": "yarn", "mrope": "default"]
    let new = try parameters.optionalString("rope_type").map { aliases[$0] ?? $0 }
    let old = try parameters.optionalString("type").map { aliases[$0] ?? $0 }
    if let new, let old, new != old {
      throw parameters.refusal(
        "type", "\(old.quotedForMessage()) contradicts rope_type \(new.quotedForMessage())")
    }
    if new == nil, old == nil, let factor = try parameters.optionalFloat("factor"), factor != 1 {
      throw parameters.refusal("rope_type", "is missing beside a factor of \(factor)")
    }
    return (new == nil && old != nil ? "type" : "rope_type", new ?? old ?? "default")
  }

  /// Positions the unscaled model was trained for; the configuration itself may name them beside the scaling.
  private func trainedPositions(_ parameters: ModelConfiguration) throws(EngineError) -> Float {
    let key = "original_max_position_embeddings"
    if value(key) != nil { return try positive(key) }
    if parameters.value(key) != nil { return try parameters.positive(key) }
    return try positive("max_position_embeddings")
  }

  /// The factor given, or else how far the model's positions reach past the trained ones.
  private func scalingFactor(_ parameters: ModelConfiguration, original: Float)
    throws(EngineError) -> Float
  {
    let key = "original_max_position_embeddings"
    if parameters.value("factor") != nil || (value(key) == nil && parameters.value(key) == nil) {
      return try parameters.positive("factor")
    }
    return try positive("max_position_embeddings") / original
  }

  private func yarn(_ parameters: ModelConfiguration) throws(EngineError) -> YarnScaling {
    let original = try trainedPositions(parameters)
    var yarn = YarnScaling(
      factor: try scalingFactor(parameters, original: original), original: original)
    yarn.betaFast = try parameters.positive("beta_fast", default: 32)
    yarn.betaSlow = try parameters.positive("beta_slow", default: 1)
    yarn.truncate = try parameters.bool("truncate", default: true)
    yarn.attentionFactor =
      try parameters.value("attention_factor") == nil
      ? nil : parameters.positive("attention_factor")
    yarn.mscale = try parameters.optionalFloat("mscale")
    yarn.mscaleAllDimensions = try parameters.optionalFloat("mscale_all_dim")
    return yarn
  }

  private func longRope(_ parameters: ModelConfiguration, frequencies: Int) throws(EngineError)
    -> LongRopeScaling
  {
    func divisors(_ key: String) throws(EngineError) -> [Float] {
      guard let list = try parameters.optionalFloats(key) else {
        throw parameters.refusal(key, "is missing")
      }
      guard list.count == frequencies, list.allSatisfy({ $0 > 0 }) else {
        throw parameters.refusal(key, "must hold \(frequencies) numbers above 0")
      }
      return list
    }
    let original = try trainedPositions(parameters)
    let factor = try scalingFactor(parameters, original: original)
    let given = try parameters.optionalFloat("attention_factor")
    let magnitude = given ?? LongRopeScaling.magnitude(factor: factor, original: original)
    return LongRopeScaling(
      short: try divisors("short_factor"), long: try divisors("long_factor"), original: original,
      shortMagnitude: try parameters.positive("short_mscale", default: magnitude),
      longMagnitude: try parameters.positive("long_mscale", default: magnitude))
  }
}
