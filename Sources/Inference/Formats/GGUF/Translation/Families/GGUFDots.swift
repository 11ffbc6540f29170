// dots.llm1 in GGUF.

import StrictJSON

enum GGUFDots: GGUFFamily {
  static let architectures = ["dots1"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    var config = try model.commonConfiguration("dots1")
    try model.attention(&config)
    try model.deepSeekExperts(&config)
    config["attention_bias"] = .bool(model.anyLayerHolds("attn_q.bias"))
    return config
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    try plan.translate(TensorNames())
  }
}
