// LFM2's mixture in GGUF: short convolutions where a layer has no key-value heads.

import StrictJSON

enum GGUFLFM2: GGUFFamily {
  static let architectures = ["lfm2moe"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    var config = try model.commonConfiguration("lfm2_moe", epsilonKey: "norm_eps")
    try model.attention(&config)
    try model.requireGating(2)
    config["intermediate_size"] = JSONValue(try model.positive("feed_forward_length"))
    config["moe_intermediate_size"] = JSONValue(try model.expertWidth())
    config["num_experts"] = JSONValue(model.experts)
    config["num_experts_per_tok"] = JSONValue(try model.positive("expert_used_count"))
    config["num_dense_layers"] = JSONValue(try model.leadingDenseLayers())
    config["norm_topk_prob"] = .bool(try model.bool("expert_weights_norm", true))
    config["routed_scaling_factor"] = .numberOrNull(try model.double("expert_weights_scale", 1))
    config["use_expert_bias"] = .bool(model.anyLayerHolds("exp_probs_b.bias"))
    config["conv_L_cache"] = JSONValue(try model.positive("shortconv.l_cache"))
    config["conv_bias"] = .bool(model.anyLayerHolds("shortconv.conv.bias"))
    config["layer_types"] = .array(
      (0..<model.layers).map {
        .string(model.holds($0, "shortconv.conv.weight") ? "conv" : "full_attention")
      })
    return config
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    var names = TensorNames(feedForward: "feed_forward")
    names.numberedExperts("feed_forward.experts")
    names.global.append(("token_embd_norm.weight", "model.embedding_norm.weight"))
    names.rename("attn_norm", "operator_norm")
    names.rename("ffn_norm", "ffn_norm")
    names.rename("attn_q_norm", "self_attn.q_layernorm")
    names.rename("attn_k_norm", "self_attn.k_layernorm")
    names.rename("attn_output", "self_attn.out_proj")
    names.rename("ffn_gate", "feed_forward.w1")
    names.rename("ffn_down", "feed_forward.w2")
    names.rename("ffn_up", "feed_forward.w3")
    names.rename("shortconv.conv", "conv.conv")
    names.rename("shortconv.in_proj", "conv.in_proj")
    names.rename("shortconv.out_proj", "conv.out_proj")
    names.rename(exactly: "exp_probs_b.bias", "feed_forward.expert_bias")
    try plan.translate(names)
  }
}
