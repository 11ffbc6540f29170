// Jamba in GGUF: Mamba-1 layers with attention and experts in a regular pattern.

import StrictJSON

enum GGUFJamba: GGUFFamily {
  static let architectures = ["jamba"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    var config = try model.commonConfiguration("jamba")
    config["num_key_value_heads"] = JSONValue(try model.keyValueHeads())
    config["intermediate_size"] = JSONValue(try model.positive("feed_forward_length"))
    config["num_experts"] = JSONValue(model.experts)
    config["num_experts_per_tok"] = JSONValue(try model.positive("expert_used_count"))
    let attention = try pattern("attn_q.weight", model)
    config["attn_layer_period"] = JSONValue(attention.period)
    config["attn_layer_offset"] = JSONValue(attention.offset)
    let experts = try pattern("ffn_down_exps.weight", model)
    config["expert_layer_period"] = JSONValue(experts.period)
    config["expert_layer_offset"] = JSONValue(experts.offset)
    let inner = try model.positive("ssm.inner_size")
    guard inner % model.hidden == 0 else {
      throw model.refusal("ssm.inner_size", "\(inner) is no multiple of \(model.hidden)")
    }
    config["mamba_expand"] = JSONValue(inner / model.hidden)
    config["mamba_d_state"] = JSONValue(try model.positive("ssm.state_size"))
    config["mamba_d_conv"] = JSONValue(try model.positive("ssm.conv_kernel"))
    config["mamba_dt_rank"] = JSONValue(try model.positive("ssm.time_step_rank"))
    config["mamba_conv_bias"] = .bool(model.anyLayerHolds("ssm_conv1d.bias"))
    config["mamba_proj_bias"] = .bool(model.anyLayerHolds("ssm_in.bias"))
    return config
  }

  /// The period and offset of the layers that hold a tensor; refuses any other pattern.
  private static func pattern(_ suffix: String, _ model: GGUFHeader) throws(CheckpointError) -> (
    period: Int, offset: Int
  ) {
    let layers = (0..<model.layers).filter { model.holds($0, suffix) }
    guard let offset = layers.first else {
      throw CheckpointError(model.file, .missing, at: .tensor("blk.0." + suffix))
    }
    let period = layers.count > 1 ? layers[1] - offset : model.layers
    guard layers == (0..<model.layers).filter({ $0 % period == offset }) else {
      throw model.refusal("block_count", "the layers with \(suffix) are not evenly spaced")
    }
    return (period, offset)
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    var names = TensorNames(feedForward: "feed_forward")
    names.global.removeAll { $0.0 == "output_norm.weight" }
    names.global.append(("output_norm.weight", "model.final_layernorm.weight"))
    names.rename("ffn_norm", "pre_ff_layernorm")
    names.rename("ffn_gate_inp", "feed_forward.router")
    for (suffix, hub) in [
      ("ssm_in", "in_proj"), ("ssm_out", "out_proj"), ("ssm_x", "x_proj"), ("ssm_dt", "dt_proj"),
      ("ssm_conv1d", "conv1d"), ("ssm_b_norm", "b_layernorm"), ("ssm_c_norm", "c_layernorm"),
      ("ssm_dt_norm", "dt_layernorm"),
    ] { names.rename(suffix, "mamba." + hub) }
    names.rename(exactly: "ssm_d", "mamba.D")
    try plan.translate(names)
    for layer in 0..<plan.model.layers where plan.model.holds(layer, "ssm_a") {
      plan.add("model.layers.\(layer).mamba.A_log", .logNegated("blk.\(layer).ssm_a"))
    }
  }
}
