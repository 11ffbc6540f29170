// ERNIE 4.5 in GGUF.

import StrictJSON

enum GGUFErnie: GGUFFamily {
  static let architectures = ["ernie4_5-moe"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    var config = try model.commonConfiguration("ernie4_5_moe")
    try model.attention(&config)
    config["intermediate_size"] = JSONValue(try model.positive("feed_forward_length"))
    config["moe_intermediate_size"] = JSONValue(try model.expertWidth())
    config["moe_num_experts"] = JSONValue(model.experts)
    config["moe_k"] = JSONValue(try model.positive("expert_used_count"))
    config["moe_num_shared_experts"] = JSONValue(try model.int("expert_shared_count", 0))
    config["moe_layer_start_index"] = JSONValue(try model.leadingDenseLayers())
    config["moe_layer_end_index"] = JSONValue(model.layers - 1)
    config["moe_layer_interval"] = JSONValue(try model.positive("interleave_moe_layer_step", 1))
    config["use_bias"] = .bool(model.anyLayerHolds("attn_q.bias"))
    return config
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    var names = TensorNames()
    names.rename(exactly: "exp_probs_b.bias", "mlp.moe_statics.e_score_correction_bias")
    try plan.translate(names)
  }
}
