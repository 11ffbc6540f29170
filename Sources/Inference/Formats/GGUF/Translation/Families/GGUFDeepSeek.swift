// DeepSeek-V2, V3, V3.2, Kimi K2, GLM-4.7-Flash and GLM-5 in GGUF: latent attention with kv_b split and transposed.

import StrictJSON

enum GGUFDeepSeek: GGUFFamily {
  static let architectures = ["deepseek2", "deepseek32", "glm-dsa"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    let sigmoid = try model.isSigmoidRouter()
    let type =
      switch model.architecture {
      case "deepseek32": "deepseek_v32"
      case "glm-dsa": "glm_moe_dsa"
      default: sigmoid ? "deepseek_v3" : "deepseek_v2"
      }
    var config = try model.commonConfiguration(type)
    try model.latentAttention(&config)
    try model.rotary(&config)
    config["rope_interleave"] = true
    try model.deepSeekExperts(&config)
    let groups = config["n_group"]?.int ?? 1
    config["scoring_func"] = sigmoid ? "sigmoid" : "softmax"
    config["topk_method"] = sigmoid ? "noaux_tc" : groups > 1 ? "group_limited_greedy" : "greedy"
    if model.has("attention.indexer.head_count") { try addIndexer(&config, model) }
    return config
  }

  private static func addIndexer(_ config: inout JSONObject, _ model: GGUFHeader)
    throws(CheckpointError)
  {
    config["index_n_heads"] = JSONValue(try model.positive("attention.indexer.head_count"))
    config["index_head_dim"] = JSONValue(try model.positive("attention.indexer.key_length"))
    config["index_topk"] = JSONValue(try model.positive("attention.indexer.top_k"))
    if let types = try model.booleans("attention.indexer.types") {
      config["indexer_types"] = .array(types.map { .string($0 ? "full" : "shared") })
    }
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    var names = TensorNames()
    names.latentAttention()
    names.rename("indexer.k_norm", "self_attn.indexer.k_norm")
    names.rename("indexer.proj", "self_attn.indexer.weights_proj")
    names.rename("indexer.attn_k", "self_attn.indexer.wk")
    names.rename("indexer.attn_q_b", "self_attn.indexer.wq_b")
    try plan.translate(names)
    plan.joinKeyValueUp()
  }
}

extension TensorNames {
  mutating func latentAttention() {
    rename("attn_q_a", "self_attn.q_a_proj")
    rename("attn_q_b", "self_attn.q_b_proj")
    rename("attn_q_a_norm", "self_attn.q_a_layernorm")
    rename("attn_kv_a_mqa", "self_attn.kv_a_proj_with_mqa")
    rename("attn_kv_a_norm", "self_attn.kv_a_layernorm")
    rename("attn_kv_b", "self_attn.kv_b_proj")
  }
}

extension TensorPlan {
  /// `kv_b_proj` out of its halves, in layers where it was split.
  mutating func joinKeyValueUp() {
    for layer in 0..<model.layers where model.holds(layer, "attn_k_b.weight") {
      let (key, value) = ("blk.\(layer).attn_k_b.weight", "blk.\(layer).attn_v_b.weight")
      // Some files hold the whole beside its halves.
      if model.holds(layer, "attn_kv_b.weight") {
        skip(key)
        skip(value)
      } else {
        add(
          "model.layers.\(layer).self_attn.kv_b_proj.weight", .keyValueUp(key: key, value: value))
      }
    }
  }
}

extension GGUFHeader {
  /// Whether experts are scored by sigmoid: the file says, or their correction bias does.
  func isSigmoidRouter() throws(CheckpointError) -> Bool {
    if let function = try optionalInt("expert_gating_func"), function > 0 {
      guard function <= 2 else {
        throw refusal("expert_gating_func", "\(function) is not implemented (only 1 and 2)")
      }
      return function == 2
    }
    return anyLayerHolds("exp_probs_b.bias") || anyLayerHolds("exp_probs_b")
  }

  /// Ranks and head sizes of latent attention.
  func latentAttention(_ config: inout JSONObject) throws(CheckpointError) {
    let rotated = try positive("rope.dimension_count")
    let key = try positive(either: "attention.key_length_mla", or: "attention.key_length")
    let value = try positive(either: "attention.value_length_mla", or: "attention.value_length")
    guard key > rotated else {
      throw refusal("attention.key_length_mla", "\(key) leaves nothing beside \(rotated) rotated")
    }
    let rank = try optionalInt("attention.q_lora_rank") ?? 0
    config["num_key_value_heads"] = JSONValue(heads)
    config["q_lora_rank"] = rank > 0 ? JSONValue(rank) : .null
    config["kv_lora_rank"] = JSONValue(try positive("attention.kv_lora_rank"))
    config["qk_rope_head_dim"] = JSONValue(rotated)
    config["qk_nope_head_dim"] = JSONValue(key - rotated)
    config["v_head_dim"] = JSONValue(value)
    config["attention_bias"] = .bool(anyLayerHolds("attn_output.bias"))
  }

  /// DeepSeek's keys of the mixture.
  func deepSeekExperts(_ config: inout JSONObject) throws(CheckpointError) {
    config["intermediate_size"] = .intOrNull(try optionalInt("feed_forward_length"))
    config["moe_intermediate_size"] = JSONValue(try expertWidth())
    config["n_routed_experts"] = JSONValue(experts)
    config["num_experts_per_tok"] = JSONValue(try positive("expert_used_count"))
    config["n_shared_experts"] = JSONValue(try int("expert_shared_count", 0))
    config["n_group"] = JSONValue(try positive("expert_group_count", 1))
    config["topk_group"] = JSONValue(try positive("expert_group_used_count", 1))
    config["norm_topk_prob"] = .bool(try bool("expert_weights_norm", false))
    let scale = try double("expert_weights_scale", 1)
    // Zero is how some converters write "none".
    config["routed_scaling_factor"] = .numberOrNull(scale == 0 ? 1 : scale)
    config["first_k_dense_replace"] = JSONValue(try leadingDenseLayers())
  }
}
