// Phi-3.5-MoE in GGUF: the rotary divisors are tensors.

import StrictJSON

enum GGUFPhiMoE: GGUFFamily {
  static let architectures = ["phimoe"]
  private static let mscale = 1.243163121016122

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    var config = try model.commonConfiguration("phimoe")
    try model.attention(&config)
    if var scaling = config["rope_scaling"]?.object {
      // The converter writes a multiplier computed from the context's length; the family's own is this constant
      // (config.json of Phi-3.5-MoE, short_mscale and long_mscale).
      scaling["short_mscale"] = .numberOrNull(mscale)
      scaling["long_mscale"] = .numberOrNull(mscale)
      scaling["attention_factor"] = nil
      config["rope_scaling"] = .object(scaling)
    }
    config["intermediate_size"] = JSONValue(try model.expertWidth())
    config["num_local_experts"] = JSONValue(model.experts)
    config["num_experts_per_tok"] = JSONValue(try model.positive("expert_used_count"))
    let original = try model.optionalInt("rope.scaling.original_context_length")
    config["original_max_position_embeddings"] = .intOrNull(original)
    let window = try model.optionalInt("attention.sliding_window") ?? 0
    config["sliding_window"] = window > 0 ? JSONValue(window) : .null
    config["attention_bias"] = .bool(model.anyLayerHolds("attn_q.bias"))
    config["lm_head_bias"] = .bool(model.holds("output.bias"))
    config["router_jitter_noise"] = .numberOrNull(0.01)
    return config
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    var names = TensorNames(feedForward: "block_sparse_moe")
    names.numberedExperts("block_sparse_moe.experts")
    try plan.translate(names)
  }
}
