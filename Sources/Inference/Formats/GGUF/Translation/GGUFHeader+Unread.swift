// What a file says beyond what its family's translation asked for, and that would change the answer.

extension GGUFHeader {
  /// Keys that change the answer in some architecture, with the values that do nothing.
  private static let acting: [(key: String, neutral: [Double])] = [
    ("attention.sliding_window", [0]), ("attention.scale", [0]), ("logit_scale", [0, 1]),
    ("residual_scale", [0, 1]), ("embedding_scale", [0, 1]), ("attn_logit_softcapping", [0]),
    ("final_logit_softcapping", [0]), ("router_logit_softcapping", [0]),
    ("attention.clamp_kqv", [0]), ("attention.max_alibi_bias", [0]),
    ("use_parallel_residual", [0]), ("attention.causal", [1]), ("pooling_type", [0]),
    ("swin_norm", [0]), ("expert_group_count", [0, 1]), ("expert_group_used_count", [0, 1]),
    ("expert_weights_scale", [0, 1]), ("expert_gating_func", [0, 1]),
    ("interleave_moe_layer_step", [0, 1]), ("moe_every_n_layers", [0, 1]),
    ("rope.scaling.attn_factor", [0, 1]), ("rope.scaling.yarn_attn_factor", [0, 1]),
    ("attention.temperature_scale", [0]), ("attention.temperature_length", [0]),
  ]

  /// Refuses keys that act on the answer and that the family's translation did not ask for.
  func checkAllRead() throws(CheckpointError) {
    try checkActing()
    try checkHeads()
    try checkCounts()
  }

  private func checkActing() throws(CheckpointError) {
    for (name, neutral) in Self.acting {
      guard let value = metadata.unread(key(name)) else { continue }
      let number = value.double ?? value.bool.map { $0 ? 1 : 0 }
      guard let number, neutral.contains(number) else {
        throw refusal(name, "\(value.shown) is not implemented for \(architecture)")
      }
    }
  }

  /// Heads that are rotated, or have values, in another length than their own.
  private func checkHeads() throws(CheckpointError) {
    if let rotated = metadata.unread(key("rope.dimension_count")) {
      let dimension = try headDimension()
      guard rotated.int == dimension else {
        throw refusal(
          "rope.dimension_count", "\(rotated.shown) is not the \(dimension) of a head")
      }
    }
    // Latent attention has a length of its own for the heads it is expanded to.
    if !has("attention.kv_lora_rank"), let width = metadata.unread(key("attention.value_length")) {
      let dimension = try headDimension()
      guard width.int == dimension else {
        throw refusal(
          "attention.value_length", "\(width.shown) is not the \(dimension) of a head")
      }
    }
  }

  /// Counts that the tensors contradict.
  private func checkCounts() throws(CheckpointError) {
    if let shared = metadata.unread(key("expert_shared_count")), shared.int != 0,
      !anyLayerHolds("ffn_down_shexp.weight")
    {
      throw refusal("expert_shared_count", "is \(shared.shown), and there is no shared expert")
    }
    // Converters leave 0 where the configuration lists its layers one by one.
    if let dense = metadata.unread(key("leading_dense_block_count")),
      dense.int != 0, dense.int != denseLayers.count
    {
      throw refusal(
        "leading_dense_block_count", "is \(dense.shown), and \(denseLayers.count) layers are dense")
    }
    let rows = try shape("token_embd.weight").first ?? 0
    let vocabulary = "tokenizer.ggml.tokens"
    if let tokens = metadata[vocabulary]?.array, tokens.count != rows {
      throw metadata.refusal(
        vocabulary, "has \(tokens.count) entries, token_embd.weight has \(rows) rows")
    }
    if let size = metadata.unread(key("vocab_size")), size.int != rows {
      throw refusal("vocab_size", "is \(size.shown), token_embd.weight has \(rows) rows")
    }
  }
}
