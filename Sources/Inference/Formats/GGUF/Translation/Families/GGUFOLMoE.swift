// OLMoE in GGUF.

import StrictJSON

enum GGUFOLMoE: GGUFFamily {
  static let architectures = ["olmoe"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    var config = try model.commonConfiguration("olmoe")
    try model.attention(&config)
    config["intermediate_size"] = JSONValue(try model.positive("feed_forward_length"))
    config["num_experts"] = JSONValue(model.experts)
    config["num_experts_per_tok"] = JSONValue(try model.positive("expert_used_count"))
    config["norm_topk_prob"] = .bool(try model.bool("expert_weights_norm", false))
    config["clip_qkv"] = .numberOrNull(try model.optionalDouble("attention.clamp_kqv"))
    return config
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    try plan.translate(TensorNames())
  }
}
