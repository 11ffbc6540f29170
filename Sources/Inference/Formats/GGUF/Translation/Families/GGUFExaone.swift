// EXAONE's mixture in GGUF.

import StrictJSON

enum GGUFExaone: GGUFFamily {
  static let architectures = ["exaone-moe"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    var config = try model.commonConfiguration("exaone_moe")
    try model.attention(&config)
    try model.deepSeekExperts(&config)
    config["num_experts"] = config["n_routed_experts"]
    config["num_shared_experts"] = config["n_shared_experts"]
    config["n_routed_experts"] = nil
    config["n_shared_experts"] = nil
    let dense = Set(model.denseLayers)
    config["mlp_layer_types"] = .array(
      (0..<model.layers).map { .string(dense.contains($0) ? "dense" : "sparse") })
    if let pattern = try model.booleans("attention.sliding_window_pattern") {
      config["layer_types"] = .array(
        pattern.map { .string($0 ? "sliding_attention" : "full_attention") })
      config["sliding_window"] = JSONValue(try model.positive("attention.sliding_window"))
    }
    return config
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    var names = TensorNames()
    names.rename(exactly: "exp_probs_b.bias", "mlp.e_score_correction_bias")
    try plan.translate(names)
  }
}
