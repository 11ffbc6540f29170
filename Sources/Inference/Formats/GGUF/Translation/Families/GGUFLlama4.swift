// Llama 4 in GGUF: what the file does not say is as llama.cpp has it built in.

import StrictJSON

enum GGUFLlama4: GGUFFamily {
  static let architectures = ["llama4"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    var config = try model.commonConfiguration("llama4_text")
    try model.attention(&config)
    config["intermediate_size"] = JSONValue(try model.expertWidth())
    config["intermediate_size_mlp"] = JSONValue(try model.positive("feed_forward_length"))
    config["num_local_experts"] = JSONValue(model.experts)
    config["num_experts_per_tok"] = JSONValue(try model.positive("expert_used_count"))
    config["interleave_moe_layer_step"] = JSONValue(
      try model.positive("interleave_moe_layer_step", 1))
    let dense = Set(model.denseLayers)
    config["moe_layers"] = .array(
      (0..<model.layers).filter { !dense.contains($0) }.map { JSONValue($0) })
    config["no_rope_layers"] = .array(
      (0..<model.layers).map { JSONValue(($0 + 1) % 4 == 0 ? 0 : 1) })
    config["attention_chunk_size"] = JSONValue(try model.positive("attention.chunk_size", 8192))
    config["attn_temperature_tuning"] = true
    config["floor_scale"] = 8192
    config["attn_scale"] = .numberOrNull(0.1)
    // The model of 128 experts has no norm of queries and keys.
    config["use_qk_norm"] = .bool(model.experts != 128)
    config["attention_bias"] = .bool(model.anyLayerHolds("attn_q.bias"))
    return config
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    var names = TensorNames(feedForward: "feed_forward", shared: "shared_expert")
    names.rename("ffn_gate_inp", "feed_forward.router")
    names.experts = .stacked(first: "feed_forward.experts.gate_up_proj")
    try plan.translate(names)
  }
}
