// Granite's mixtures in GGUF: plain, with a shared expert, and hybrid with Mamba-2 layers.

import StrictJSON

enum GGUFGranite: GGUFFamily {
  static let architectures = ["granitemoe", "granitehybrid"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    let isHybrid = model.architecture == "granitehybrid"
    let shared = try model.optionalInt("expert_shared_feed_forward_length") ?? 0
    let type =
      isHybrid ? "granitemoehybrid" : shared > 0 ? "granitemoeshared" : "granitemoe"
    var config = try model.commonConfiguration(type)
    try model.attention(&config)
    config["intermediate_size"] = JSONValue(try model.expertWidth())
    config["num_local_experts"] = JSONValue(model.experts)
    config["num_experts_per_tok"] = JSONValue(try model.positive("expert_used_count"))
    config["embedding_multiplier"] = .numberOrNull(try model.double("embedding_scale", 1))
    config["residual_multiplier"] = .numberOrNull(try model.double("residual_scale", 1))
    config["logits_scaling"] = .numberOrNull(try model.double("logit_scale", 1))
    let dimension = Double(try model.headDimension())
    config["attention_multiplier"] = .numberOrNull(
      try model.double("attention.scale", 1 / dimension.squareRoot()))
    config["attention_bias"] = .bool(model.anyLayerHolds("attn_q.bias"))
    if shared > 0 { config["shared_intermediate_size"] = JSONValue(shared) }
    if isHybrid { try addHybrid(&config, model) }
    return config
  }

  private static func addHybrid(_ config: inout JSONObject, _ model: GGUFHeader)
    throws(CheckpointError)
  {
    config["layer_types"] = .array(
      (0..<model.layers).map {
        .string(model.holds($0, "ssm_in.weight") ? "linear_attention" : "full_attention")
      })
    // llama.cpp rotates unless told that the model was trained without.
    config["position_embedding_type"] =
      try model.bool("rope.scaling.finetuned", true) ? "rope" : .null
    let heads = try model.positive("ssm.time_step_rank")
    let inner = try model.positive("ssm.inner_size")
    guard inner % heads == 0, inner % model.hidden == 0 else {
      throw model.refusal(
        "ssm.inner_size", "\(inner) is no multiple of \(heads) and \(model.hidden)")
    }
    config["mamba_n_heads"] = JSONValue(heads)
    config["mamba_d_head"] = JSONValue(inner / heads)
    config["mamba_d_state"] = JSONValue(try model.positive("ssm.state_size"))
    config["mamba_d_conv"] = JSONValue(try model.positive("ssm.conv_kernel"))
    config["mamba_n_groups"] = JSONValue(try model.positive("ssm.group_count"))
    config["mamba_expand"] = JSONValue(inner / model.hidden)
    config["mamba_conv_bias"] = .bool(model.anyLayerHolds("ssm_conv1d.bias"))
    config["mamba_proj_bias"] = .bool(model.anyLayerHolds("ssm_in.bias"))
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    var names = TensorNames()
    names.rename("ffn_gate_inp", "block_sparse_moe.router.layer")
    names.experts = .fused(
      gateUp: "block_sparse_moe.input_linear.weight",
      down: "block_sparse_moe.output_linear.weight")
    names.remove("ffn_gate_shexp")
    names.remove("ffn_up_shexp")
    names.rename("ffn_down_shexp", "shared_mlp.output_linear")
    names.rename("ssm_in", "mamba.in_proj")
    names.rename("ssm_out", "mamba.out_proj")
    names.rename("ssm_conv1d", "mamba.conv1d")
    names.rename("ssm_norm", "mamba.norm")
    names.rename(exactly: "ssm_dt.bias", "mamba.dt_bias")
    names.rename(exactly: "ssm_d", "mamba.D")
    try plan.translate(names)
    for layer in 0..<plan.model.layers {
      let (hub, blk) = ("model.layers.\(layer).", "blk.\(layer).")
      if plan.model.holds(layer, "ffn_gate_shexp.weight") {
        plan.add(
          hub + "shared_mlp.input_linear.weight",
          .rows(.concatenated, of: [blk + "ffn_gate_shexp.weight", blk + "ffn_up_shexp.weight"]))
      }
      if plan.model.holds(layer, "ssm_a") {
        plan.add(hub + "mamba.A_log", .logNegated(blk + "ssm_a"))
      }
    }
    // The hybrid's converter permutes only layers it knew to be attention.
    let counts = try plan.model.integers("attention.head_count_kv") ?? []
    try plan.unpermuteAttention(layers: counts.indices.filter { counts[$0] > 0 })
  }
}
