// Hunyuan's third mixture (hy_v3) in GGUF.

import StrictJSON

enum GGUFHunyuanV3: GGUFFamily {
  static let architectures = ["hy_v3"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    var config = try model.commonConfiguration("hy_v3")
    try model.attention(&config)
    try model.requireGating(2)
    config["intermediate_size"] = .intOrNull(try model.optionalInt("feed_forward_length"))
    let width = try model.expertWidth()
    config["moe_intermediate_size"] = JSONValue(width)
    config["num_experts"] = JSONValue(model.experts)
    config["num_experts_per_tok"] = JSONValue(try model.positive("expert_used_count"))
    let shared = try model.int("expert_shared_feed_forward_length", 0)
    guard width > 0, shared % width == 0 else {
      throw model.refusal(
        "expert_shared_feed_forward_length", "\(shared) is no multiple of \(width)")
    }
    config["num_shared_experts"] = JSONValue(shared / width)
    config["router_scaling_factor"] = .numberOrNull(try model.double("expert_weights_scale", 1))
    let dense = Set(model.denseLayers)
    config["mlp_layer_types"] = .array(
      (0..<model.layers).map { .string(dense.contains($0) ? "dense" : "sparse") })
    config["attention_bias"] = .bool(model.anyLayerHolds("attn_q.bias"))
    return config
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    var names = TensorNames(shared: "shared_mlp")
    names.rename("ffn_gate_inp", "mlp.router.gate")
    names.rename(exactly: "exp_probs_b", "mlp.expert_bias")
    names.rename(exactly: "exp_probs_b.bias", "mlp.expert_bias")
    try plan.translate(names)
  }
}
