// GLM-4.5 to GLM-4.7 in GGUF, and Solar-Open, which its converter writes as the same architecture.

import StrictJSON

enum GGUFGLM4MoE: GGUFFamily {
  static let architectures = ["glm4moe"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    // Only GLM's own configuration has the key that becomes this one.
    let isSolar = !model.has("leading_dense_block_count")
    var config = try model.commonConfiguration(isSolar ? "solar_open" : "glm4_moe")
    try model.attention(&config)
    try model.deepSeekExperts(&config)
    try model.requireGating(2)
    let dimension = try model.headDimension()
    config["attention_bias"] = .bool(model.anyLayerHolds("attn_q.bias"))
    config["use_qk_norm"] = .bool(model.anyLayerHolds("attn_q_norm.weight"))
    // Solar rotates whole heads; its converter writes GLM's half where the configuration is silent.
    if isSolar {
      _ = try model.optionalInt("rope.dimension_count")
    } else {
      let rotated = try model.positive("rope.dimension_count", dimension)
      config["partial_rotary_factor"] = .numberOrNull(Double(rotated) / Double(dimension))
    }
    return config
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    try plan.translate(TensorNames())
  }
}
