// What a configuration asks for is implemented or refused by name: a switch that is ignored gives wrong numbers.

import Inference
import StrictJSON
import Testing

@Suite struct RefusalTests {
  /// Families that use no rotation at all.
  private static let unrotated = ["granitemoehybrid", "jamba", "kimi_linear"]

  @Test("an activation that is not implemented is refused by name", arguments: Fixture.names)
  func activation(_ name: String) throws {
    #expect(try refusal(name, "hidden_act", "gelu") == "hidden_act")
  }

  @Test(
    "a stretched rotation that is not implemented is refused by name",
    arguments: Fixture.names.filter { !unrotated.contains($0) })
  func rotation(_ name: String) throws {
    let spiral: JSONValue = ["rope_type": "spiral", "rope_theta": 10000, "factor": 2]
    #expect(try refusal(name, "rope_parameters", spiral) == "rope_parameters.rope_type")
  }

  @Test("a quantisation that is not implemented is refused by name", arguments: Fixture.names)
  func quantisation(_ name: String) throws {
    let key = "quantization_config"
    func check(_ scheme: JSONValue, _ field: String) throws {
      #expect(try refusal(name, key, scheme, nested: false) == "\(key).\(field)")
    }
    try check(["bits": 4], "quant_method")
    for method in ["gptq", "awq", "bitsandbytes", "torchao"] {
      try check(["quant_method": .string(method), "bits": 4], "quant_method")
    }
    try check(["quant_method": "fp8"], "weight_block_size")
    try check(["quant_method": "fp8", "weight_block_size": [64, 64]], "weight_block_size")
    try check(["quant_method": "fp8", "weight_block_size": [128, 128], "fmt": "e5m2"], "fmt")
    if !name.hasPrefix("gpt_oss") { try check(["quant_method": "mxfp4"], "quant_method") }
  }

  /// Fixture, field, value that is not implemented or contradicts another field.
  private static let switches: [(String, String, JSONValue)] = [
    ("ernie4_5_moe", "moe_k", 99), ("ernie4_5_moe", "moe_gate", "top2_fused"),
    ("exaone_moe", "layer_types", ["sliding_attention"]),
    ("exaone_moe", "sliding_window", .null),
    ("glm4_moe", "n_group", 5), ("glm4_moe", "topk_group", 2),
    ("glm4_moe", "scoring_func", "softmax"),
    ("glm4_moe", "partial_rotary_factor", 2), ("glm4_moe", "num_key_value_heads", 3),
    ("gpt_oss", "layer_types", ["chunked_attention", "full_attention", "full_attention", "x"]),
    ("hunyuan_v1_moe", "use_cla", true), ("hunyuan_v1_moe", "moe_topk", [1]),
    ("llama4_text", "attention_chunk_size", .null), ("llama4_text", "no_rope_layers", [1, 0]),
    ("mimo_v2_flash", "hybrid_layer_pattern", [2]), ("minimax_m2", "scoring_func", "softmax"),
    ("minimax_m2", "attn_type_list", [0, 1]), ("minimax_m2", "rotary_dim", 99),
    ("mixtral", "rms_norm_eps", 0), ("mixtral", "num_experts_per_tok", 9),
    ("olmoe", "clip_qkv", "tight"), ("phimoe", "num_experts_per_tok", 1),
    ("qwen3_moe", "decoder_sparse_step", 0), ("solar_open", "use_qk_norm", true),
  ]

  @Test("a switch that is not implemented is refused by name", arguments: switches.indices)
  func oneSwitch(_ index: Int) throws {
    let (name, key, value) = Self.switches[index]
    // The newer spelling would answer before the one under test.
    let found = try refusal(
      name, key, value, without: key == "hybrid_layer_pattern" ? "layer_types" : nil)
    #expect(found?.hasSuffix(key) == true, "\(name) with \(key): \(found ?? "accepted")")
  }

  @Test("a family that is not known is refused by name")
  func family() throws {
    #expect(try refusal("mixtral", "model_type", "gpt2") == "model_type")
  }

  /// The field that a fixture's configuration is refused for when one field is changed; nil if it is accepted.
  private func refusal(
    _ name: String, _ key: String, _ value: JSONValue, nested: Bool = true,
    without removed: String? = nil
  ) throws -> String? {
    let checkpoint = try Fixture(name).checkpoint
    var outer = try #require(checkpoint.config.object)
    if nested, var text = outer["text_config"]?.object {
      text[key] = value
      if let removed { text[removed] = .null }
      outer["text_config"] = .object(text)
    } else {
      outer[key] = value
      if let removed { outer[removed] = .null }
    }
    do {
      _ = try Architectures.describe(.object(outer), hasTensor: checkpoint.holds)
      return nil
    } catch .configuration(let field, _) {
      return field.hasPrefix("text_config.") ? String(field.dropFirst(12)) : field
    }
  }
}
