// Mixtral in GGUF: architecture "llama" with experts; query and key rows are interleaved by halves.

import StrictJSON

enum GGUFMixtral: GGUFFamily {
  static let architectures = ["llama"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    var config = try model.commonConfiguration("mixtral")
    try model.attention(&config)
    config["intermediate_size"] = JSONValue(try model.expertWidth())
    config["num_local_experts"] = JSONValue(model.experts)
    config["num_experts_per_tok"] = JSONValue(try model.positive("expert_used_count"))
    config["sliding_window"] = .intOrNull(try model.optionalInt("attention.sliding_window"))
    return config
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    var names = TensorNames(feedForward: "block_sparse_moe")
    names.numberedExperts("block_sparse_moe.experts")
    try plan.translate(names)
    try plan.unpermuteAttention()
  }
}

extension TensorPlan {
  /// Puts the rows of rotated projections back: `[heads, 2, half]` was stored as `[heads, half, 2]`.
  mutating func unpermuteAttention(layers: [Int]? = nil) throws(CheckpointError) {
    let rows = try model.headDimension()
    for layer in layers ?? Array(0..<model.layers) {
      for (suffix, hub) in [("attn_q", "q_proj"), ("attn_k", "k_proj")] {
        for part in ["weight", "bias"] where model.holds(layer, "\(suffix).\(part)") {
          add(
            "model.layers.\(layer).self_attn.\(hub).\(part)",
            .rows(.unpermuted(headRows: rows), of: ["blk.\(layer).\(suffix).\(part)"]))
        }
      }
    }
  }
}
