// GLM-4.5 to GLM-4.7 in GGUF, and Solar-Open, which its converter writes as the same architecture.

import StrictJSON

enum GGUFGLM4MoE: GGUFFamily {
  static let architectures = ["glm4moe"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    var config = try model.commonConfiguration("glm4_moe")
    try model.attention(&config)
    try model.deepSeekExperts(&config)
    let dimension = try model.headDimension()
    let rotated = try model.positive("rope.dimension_count", dimension)
    config["partial_rotary_factor"] = .numberOrNull(Double(rotated) / Double(dimension))
    config["attention_bias"] = .bool(model.anyLayerHolds("attn_q.bias"))
    config["use_qk_norm"] = .bool(model.anyLayerHolds("attn_q_norm.weight"))
    return config
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    try plan.translate(TensorNames())
  }
}
