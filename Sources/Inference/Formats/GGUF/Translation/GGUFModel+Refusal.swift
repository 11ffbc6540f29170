// What the engine refuses, told by the keys and tensor names of the GGUF file instead of the hub's.

import StrictJSON

extension GGUFModel {
  /// The keys that hub fields were made from, without the architecture's name.
  private static let keys: [String: String] = [
    "hidden_size": "embedding_length", "num_hidden_layers": "block_count",
    "max_position_embeddings": "context_length",
    "rms_norm_eps": "attention.layer_norm_rms_epsilon",
    "norm_eps": "attention.layer_norm_rms_epsilon",
    "layer_norm_eps": "attention.layer_norm_rms_epsilon",
    "layernorm_epsilon": "attention.layer_norm_rms_epsilon",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv", "head_dim": "attention.key_length",
    "v_head_dim": "attention.value_length", "qk_nope_head_dim": "attention.key_length",
    "qk_rope_head_dim": "rope.dimension_count", "partial_rotary_factor": "rope.dimension_count",
    "rotary_dim": "rope.dimension_count", "rope_theta": "rope.freq_base",
    "rope_scaling.factor": "rope.scaling.factor", "rope_scaling.rope_type": "rope.scaling.type",
    "rope_scaling.original_max_position_embeddings": "rope.scaling.original_context_length",
    "rope_scaling.beta_fast": "rope.scaling.yarn_beta_fast",
    "rope_scaling.beta_slow": "rope.scaling.yarn_beta_slow", "num_experts": "expert_count",
    "num_local_experts": "expert_count", "n_routed_experts": "expert_count",
    "moe_num_experts": "expert_count", "num_experts_per_tok": "expert_used_count",
    "num_experts_per_token": "expert_used_count", "moe_k": "expert_used_count",
    "moe_topk": "expert_used_count", "moe_intermediate_size": "expert_feed_forward_length",
    "intermediate_size": "feed_forward_length", "n_group": "expert_group_count",
    "topk_group": "expert_group_used_count",
    "first_k_dense_replace": "leading_dense_block_count",
    "routed_scaling_factor": "expert_weights_scale", "norm_topk_prob": "expert_weights_norm",
    "scoring_func": "expert_gating_func", "n_shared_experts": "expert_shared_count",
    "kv_lora_rank": "attention.kv_lora_rank", "q_lora_rank": "attention.q_lora_rank",
    "sliding_window": "attention.sliding_window", "index_topk": "attention.indexer.top_k",
    "index_n_heads": "attention.indexer.head_count",
    "index_head_dim": "attention.indexer.key_length",
  ]

  /// - Returns: nil for errors that are not about the file.
  func refusal(_ error: EngineError) -> CheckpointError? {
    let file = source.metadata.file
    switch error {
    case .configuration(let field, let rule):
      if field == "vocab_size" {
        return CheckpointError(file, .invalid(rule), at: .tensor("token_embd.weight"))
      }
      let key =
        Self.keys[field] ?? Self.keys[field.split(separator: ".").first.map(String.init) ?? ""]
      let name = key.map { "\(architecture).\($0)" } ?? "\(architecture).* (\(field))"
      return CheckpointError(file, .invalid(rule), at: .field(name))
    case .missingTensor(let name):
      return CheckpointError(file, .missing, at: .tensor(ownName(name)))
    case .tensorShape(let name, let found, let expected):
      return CheckpointError(
        file, .shape("shape \(found) where the metadata need \(expected)"),
        at: .tensor(ownName(name)), offset: offset(name))
    case .tensorType(let name, let found, let rule):
      return CheckpointError(
        file, .invalid("type \(found): \(rule)"), at: .tensor(ownName(name)), offset: offset(name))
    default:
      return CheckpointError(error, file: file)
    }
  }

  private func offset(_ name: String) -> Int? {
    source.entry(ownName(name))?.range.lowerBound
  }
}
