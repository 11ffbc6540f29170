// MiniMax-M2 in GGUF.

import StrictJSON

enum GGUFMiniMax: GGUFFamily {
  static let architectures = ["minimax-m2"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    var config = try model.commonConfiguration("minimax_m2")
    try model.attention(&config)
    try model.requireGating(2)
    config["rotary_dim"] = JSONValue(
      try model.positive("rope.dimension_count", model.headDimension()))
    config["intermediate_size"] = JSONValue(try model.expertWidth())
    config["num_local_experts"] = JSONValue(model.experts)
    config["num_experts_per_tok"] = JSONValue(try model.positive("expert_used_count"))
    return config
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    var names = TensorNames(feedForward: "block_sparse_moe")
    names.numberedExperts("block_sparse_moe.experts")
    names.rename(exactly: "exp_probs_b.bias", "block_sparse_moe.e_score_correction_bias")
    try plan.translate(names)
  }
}
