// Qwen2-MoE and Qwen3-MoE in GGUF.

import StrictJSON

enum GGUFQwenMoE: GGUFFamily {
  static let architectures = ["qwen2moe", "qwen3moe"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    let isThird = model.architecture == "qwen3moe"
    var config = try model.commonConfiguration(isThird ? "qwen3_moe" : "qwen2_moe")
    try model.attention(&config)
    try model.qwenExperts(&config)
    // The file does not say; llama.cpp renormalises the third generation and not the second.
    config["norm_topk_prob"] = .bool(try model.bool("expert_weights_norm", isThird))
    if isThird {
      config["attention_bias"] = .bool(model.anyLayerHolds("attn_q.bias"))
    } else {
      config["qkv_bias"] = .bool(model.anyLayerHolds("attn_q.bias"))
    }
    return config
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    try plan.translate(TensorNames(shared: "shared_expert"))
  }
}

extension GGUFHeader {
  /// The keys of Qwen's mixtures.
  func qwenExperts(_ config: inout JSONObject) throws(CheckpointError) {
    if let dense = try optionalInt("feed_forward_length") {
      config["intermediate_size"] = JSONValue(dense)
    }
    config["moe_intermediate_size"] = JSONValue(try expertWidth())
    config["num_experts"] = JSONValue(experts)
    config["num_experts_per_tok"] = JSONValue(try positive("expert_used_count"))
    config["decoder_sparse_step"] = 1
    config["mlp_only_layers"] = .array(denseLayers.map { JSONValue($0) })
    if let layer = (0..<layers).first(where: { holds($0, "ffn_down_shexp.weight") }) {
      let width = try shape("blk.\(layer).ffn_down_shexp.weight").last ?? 0
      config["shared_expert_intermediate_size"] = JSONValue(width)
    }
  }

  /// Width of one routed expert; older files leave it to the tensors.
  func expertWidth() throws(CheckpointError) -> Int {
    if let width = try optionalInt("expert_feed_forward_length"), width > 0 { return width }
    guard let layer = (0..<layers).first(where: { holds($0, "ffn_down_exps.weight") }) else {
      throw CheckpointError(file, .missing, at: .tensor("blk.0.ffn_down_exps.weight"))
    }
    return try shape("blk.\(layer).ffn_down_exps.weight").last ?? 0
  }
}
