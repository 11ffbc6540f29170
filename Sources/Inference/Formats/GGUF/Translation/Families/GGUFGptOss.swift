// gpt-oss in GGUF: experts cut into gate and up, the alternation of windows left to the reader.

import StrictJSON

enum GGUFGptOss: GGUFFamily {
  static let architectures = ["gpt-oss"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    var config = try model.commonConfiguration("gpt_oss")
    try model.attention(&config)
    if var scaling = config["rope_scaling"]?.object {
      scaling["truncate"] = false
      config["rope_scaling"] = .object(scaling)
    }
    config["intermediate_size"] = JSONValue(try model.expertWidth())
    config["num_local_experts"] = JSONValue(model.experts)
    config["num_experts_per_tok"] = JSONValue(try model.positive("expert_used_count"))
    config["sliding_window"] = JSONValue(try model.positive("attention.sliding_window"))
    config["layer_types"] = .array(
      (0..<model.layers).map { .string($0 % 2 == 0 ? "sliding_attention" : "full_attention") })
    config["attention_bias"] = .bool(model.anyLayerHolds("attn_q.bias"))
    config["swiglu_limit"] = 7
    config["swiglu_alpha"] = .numberOrNull(1.702)
    return config
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    var names = TensorNames()
    names.rename("ffn_gate_inp", "mlp.router")
    names.rename(exactly: "attn_sinks.weight", "self_attn.sinks")
    names.experts = .stacked(first: "mlp.experts.gate_up_proj")
    try plan.translate(names)
  }
}
