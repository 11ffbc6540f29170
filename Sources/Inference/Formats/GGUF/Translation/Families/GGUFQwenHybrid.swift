// Qwen3-Next and Qwen3.5-MoE in GGUF: gated DeltaNet layers rearranged, norms stored as 1 + w, decays as -exp(a).

import StrictJSON

enum GGUFQwenHybrid: GGUFFamily {
  static let architectures = ["qwen3next", "qwen35moe"]

  static func configuration(_ model: GGUFHeader) throws(CheckpointError) -> JSONObject {
    let isNext = model.architecture == "qwen3next"
    var config = try model.commonConfiguration(isNext ? "qwen3_next" : "qwen3_5_moe_text")
    try model.attention(&config, rotary: false)
    try model.qwenExperts(&config)
    let rotated = try model.positive("rope.dimension_count")
    let factor = Double(rotated) / Double(try model.headDimension())
    if isNext {
      config["norm_topk_prob"] = .bool(try model.bool("expert_weights_norm", true))
      config["partial_rotary_factor"] = .numberOrNull(factor)
      try model.rotary(&config)
    } else {
      var rope = JSONObject()
      rope["rope_type"] = "default"
      rope["rope_theta"] = .numberOrNull(try model.double("rope.freq_base"))
      rope["partial_rotary_factor"] = .numberOrNull(factor)
      config["rope_parameters"] = .object(rope)
      config["mlp_only_layers"] = nil
      config["decoder_sparse_step"] = nil
    }
    config["attention_bias"] = .bool(model.anyLayerHolds("attn_q.bias"))
    config["layer_types"] = .array(
      (0..<model.layers).map {
        .string(model.holds($0, "ssm_out.weight") ? "linear_attention" : "full_attention")
      })
    let shape = try DeltaNetShape(model)
    config["linear_conv_kernel_dim"] = JSONValue(try model.positive("ssm.conv_kernel"))
    config["linear_num_key_heads"] = JSONValue(shape.heads.keyHeads)
    config["linear_num_value_heads"] = JSONValue(shape.heads.valueHeads)
    config["linear_key_head_dim"] = JSONValue(shape.keyWidth)
    config["linear_value_head_dim"] = JSONValue(shape.valueWidth)
    return config
  }

  static func tensors(_ plan: inout TensorPlan) throws(CheckpointError) {
    let isNext = plan.model.architecture == "qwen3next"
    var names = TensorNames(shared: "shared_expert")
    let rearranged = [
      "attn_norm", "post_attention_norm", "attn_q_norm", "attn_k_norm",
    ]
    rearranged.forEach { names.remove($0) }
    names.global.removeAll { $0.0 == "output_norm.weight" }
    names.rename("ssm_norm", "linear_attn.norm")
    if !isNext {
      names.experts = .fused(gateUp: "mlp.experts.gate_up_proj", down: "mlp.experts.down_proj")
    }
    try plan.translate(names)
    plan.add("model.norm.weight", .minusOne("output_norm.weight"))
    let shape = try DeltaNetShape(plan.model)
    for layer in 0..<plan.model.layers {
      addNorms(&plan, layer)
      guard plan.model.holds(layer, "ssm_out.weight") else { continue }
      if isNext {
        addNextMixer(&plan, layer, shape)
      } else {
        addReorderedMixer(&plan, layer, shape)
      }
    }
  }

  private static func addNorms(_ plan: inout TensorPlan, _ layer: Int) {
    for (suffix, hub) in [
      ("attn_norm", "input_layernorm"), ("post_attention_norm", "post_attention_layernorm"),
      ("attn_q_norm", "self_attn.q_norm"), ("attn_k_norm", "self_attn.k_norm"),
    ] where plan.model.holds(layer, suffix + ".weight") {
      plan.add("model.layers.\(layer).\(hub).weight", .minusOne("blk.\(layer).\(suffix).weight"))
    }
  }

  /// Qwen3-Next: value heads in the hub's order, query | key | value | gate split into two tensors.
  private static func addNextMixer(_ plan: inout TensorPlan, _ layer: Int, _ s: DeltaNetShape) {
    let (hub, blk) = ("model.layers.\(layer).linear_attn.", "blk.\(layer).")
    plan.add(
      hub + "in_proj_qkvz.weight",
      .rows(
        .queryKeyValueGate(s.heads, keyRows: s.keyWidth, valueRows: s.valueWidth),
        of: [blk + "attn_qkv.weight", blk + "attn_gate.weight"]))
    plan.add(hub + "in_proj_ba.weight", .same(blk + "ssm_ba.weight"))
    plan.add(hub + "conv1d.weight", .same(blk + "ssm_conv1d.weight"))
    plan.add(hub + "dt_bias", .same(blk + "ssm_dt.bias"))
    plan.add(hub + "A_log", .logNegated(blk + "ssm_a"))
    plan.add(hub + "out_proj.weight", .same(blk + "ssm_out.weight"))
  }

  /// Qwen3.5: value heads ordered by their place within a key head.
  private static func addReorderedMixer(_ plan: inout TensorPlan, _ layer: Int, _ s: DeltaNetShape)
  {
    let (hub, blk) = ("model.layers.\(layer).linear_attn.", "blk.\(layer).")
    let keys = 2 * s.heads.keyHeads * s.keyWidth
    func reordered(_ name: String, _ tensor: String, prefix: Int, width: Int) {
      plan.add(
        hub + name, .rows(.valueHeads(s.heads, prefix: prefix, width: width), of: [blk + tensor]))
    }
    reordered("in_proj_qkv.weight", "attn_qkv.weight", prefix: keys, width: s.valueWidth)
    reordered("in_proj_z.weight", "attn_gate.weight", prefix: 0, width: s.valueWidth)
    reordered("in_proj_a.weight", "ssm_alpha.weight", prefix: 0, width: 1)
    reordered("in_proj_b.weight", "ssm_beta.weight", prefix: 0, width: 1)
    reordered("conv1d.weight", "ssm_conv1d.weight", prefix: keys, width: s.valueWidth)
    reordered("dt_bias", "ssm_dt.bias", prefix: 0, width: 1)
    plan.add(hub + "A_log", .reorderedDecay(s.heads, blk + "ssm_a"))
    plan.add(
      hub + "out_proj.weight",
      .columns(s.heads, width: s.valueWidth, of: blk + "ssm_out.weight"))
  }
}

/// Sizes of a gated DeltaNet by the keys llama.cpp keeps them under.
struct DeltaNetShape {
  let heads: ValueHeads
  let keyWidth: Int
  let valueWidth: Int

  init(_ model: GGUFHeader) throws(CheckpointError) {
    let keyHeads = try model.positive("ssm.group_count")
    let valueHeads = try model.positive("ssm.time_step_rank")
    let inner = try model.positive("ssm.inner_size")
    keyWidth = try model.positive("ssm.state_size")
    guard valueHeads % keyHeads == 0, inner % valueHeads == 0 else {
      throw model.refusal(
        "ssm.inner_size",
        "\(inner) channels, \(valueHeads) value and \(keyHeads) key heads do not divide")
    }
    heads = ValueHeads(keyHeads: keyHeads, valueHeads: valueHeads)
    valueWidth = inner / valueHeads
  }
}
