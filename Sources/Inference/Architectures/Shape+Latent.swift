// Multi-head latent attention in a configuration, as DeepSeek-V2 named its keys and everyone after it.

extension Shape {
  /// Latent attention with the usual projections under `prefix`.
  ///
  /// - Parameter pairing: How rotated elements pair up.
  func latentAttention(_ prefix: String, pairing: RotaryDescription.Pairing = .neighbours)
    throws(EngineError) -> LatentAttentionDescription
  {
    let c = configuration
    let heads = try c.int("num_attention_heads", in: 1...65536)
    let latent = try c.int("kv_lora_rank", in: 1...65536)
    let unrotated = try c.int("qk_nope_head_dim", in: 1...65536)
    let rotated = try c.int("qk_rope_head_dim", in: 2...65536)
    let value = try c.int("v_head_dim", in: 1...65536)
    let bias = try c.bool("attention_bias", default: false)
    func linear(_ name: String, _ inputs: Int, _ outputs: Int, bias: Bool = false)
      -> LinearDescription
    {
      LinearDescription(
        "\(prefix).\(name)", inputs: inputs, outputs: outputs, role: .attention, bias: bias)
    }
    var attention = LatentAttentionDescription(
      heads: heads, unrotated: unrotated, rotated: rotated, valueDimension: value, latent: latent,
      query: .direct(linear("q_proj", hidden, heads * (unrotated + rotated))),
      compression: linear("kv_a_proj_with_mqa", hidden, latent + rotated, bias: bias),
      latentNorm: latentNorm(prefix + ".kv_a_layernorm", latent),
      expansion: Parameter(
        matrix: prefix + ".kv_b_proj.weight", rows: heads * (unrotated + value), columns: latent,
        role: .attention),
      output: linear("o_proj", heads * value, hidden, bias: bias))
    if let rank = try c.optionalInt("q_lora_rank", in: 1...65536) {
      attention.query = .lowRank(
        down: linear("q_a_proj", hidden, rank, bias: bias),
        norm: latentNorm(prefix + ".q_a_layernorm", rank),
        up: linear("q_b_proj", rank, heads * (unrotated + rotated)))
    }
    try rotate(&attention, pairing)
    return attention
  }

  /// The norms of low-rank vectors have an epsilon of their own that no configuration names.
  private func latentNorm(_ name: String, _ count: Int) -> NormDescription {
    NormDescription(name, count: count, epsilon: 1e-6)
  }

  private func rotate(
    _ attention: inout LatentAttentionDescription, _ pairing: RotaryDescription.Pairing
  ) throws(EngineError) {
    let c = configuration
    if let factor = try c.partialRotaryFactor(), factor != 1 {
      throw c.refusal("partial_rotary_factor", "is \(factor); only 1 is implemented here")
    }
    let rotary = try c.rotary(dimension: attention.rotated, pairing: pairing)
    attention.rotary = rotary
    if case .yarn(let yarn) = rotary.scaling {
      attention.scale *= yarn.scoreFactor
    } else if rotary.scaling != .none, let parameters = try c.ropeParameters(nil),
      let magnitude = try parameters.optionalFloat("mscale_all_dim"), magnitude != 0
    {
      throw parameters.refusal("mscale_all_dim", "is implemented for yarn alone")
    }
  }
}
