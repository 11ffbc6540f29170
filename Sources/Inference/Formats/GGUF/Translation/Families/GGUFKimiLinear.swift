// Kimi Linear in GGUF: KDA where a layer has no key-value heads, latent attention elsewhere.

import StrictJSON

enum GGUFKimiLinear: GGUFFamily {
  static let architectures = ["kimi-linear"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    var config = try model.commonConfiguration("kimi_linear")
    try model.latentAttention(&config)
    try model.deepSeekExperts(&config)
    config["num_experts"] = config["n_routed_experts"]
    config["num_experts_per_token"] = config["num_experts_per_tok"]
    config["num_shared_experts"] = config["n_shared_experts"]
    config["num_expert_group"] = config["n_group"]
    for key in ["n_routed_experts", "num_experts_per_tok", "n_shared_experts", "n_group"] {
      config[key] = nil
    }
    config["norm_topk_prob"] = nil
    config["moe_renormalize"] = .bool(try model.bool("expert_weights_norm", true))
    config["moe_router_activation_func"] = try model.isSigmoidRouter() ? "sigmoid" : "softmax"
    config["model_max_length"] = config["max_position_embeddings"]
    config["linear_attn_config"] = .object(try linearAttention(model))
    return config
  }

  private static func linearAttention(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    let linear = (0..<model.layers).filter { model.holds($0, "ssm_a") }
    let full = (0..<model.layers).filter { !model.holds($0, "ssm_a") }
    var config = JSONObject()
    config["kda_layers"] = .array(linear.map { JSONValue($0 + 1) })
    config["full_attn_layers"] = .array(full.map { JSONValue($0 + 1) })
    config["num_heads"] = JSONValue(model.heads)
    config["head_dim"] = JSONValue(try model.positive("kda.head_dim"))
    config["short_conv_kernel_size"] = JSONValue(try model.positive("ssm.conv_kernel"))
    return config
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    var names = TensorNames()
    names.latentAttention()
    names.numberedExperts("block_sparse_moe.experts")
    names.rename("ffn_gate_inp", "block_sparse_moe.gate")
    names.rename(exactly: "exp_probs_b.bias", "block_sparse_moe.gate.e_score_correction_bias")
    for part in ["gate", "up", "down"] {
      names.rename("ffn_\(part)_shexp", "block_sparse_moe.shared_experts.\(part)_proj")
    }
    for (suffix, hub) in [
      ("ssm_beta", "b_proj"), ("ssm_f_a", "f_a_proj"), ("ssm_f_b", "f_b_proj"),
      ("ssm_g_a", "g_a_proj"), ("ssm_g_b", "g_b_proj"), ("ssm_norm", "o_norm"),
      ("ssm_conv1d_q", "q_conv1d"), ("ssm_conv1d_k", "k_conv1d"), ("ssm_conv1d_v", "v_conv1d"),
    ] { names.rename(suffix, "self_attn." + hub) }
    names.rename(exactly: "ssm_dt.bias", "self_attn.dt_bias")
    try plan.translate(names)
    plan.joinKeyValueUp()
    for layer in 0..<plan.model.layers where plan.model.holds(layer, "ssm_a") {
      plan.add("model.layers.\(layer).self_attn.A_log", .logNegated("blk.\(layer).ssm_a"))
    }
  }
}
