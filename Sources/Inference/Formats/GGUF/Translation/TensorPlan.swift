// Which hub tensor is made from which GGUF tensor: the names most families share, and what they change.

import StrictJSON

/// Collects recipes; every GGUF tensor must be used or be skipped by rule.
struct TensorPlan {
  let model: GGUFHeader
  private(set) var recipes: [ByteKey: TensorRecipe] = [:]
  private(set) var order: [String] = []
  private(set) var stacks: [ByteKey: ExpertStackNames] = [:]
  /// What the file would call a tensor of the hub, for messages.
  private(set) var ownNames: [ByteKey: String] = [:]
  private var used: Set<ByteKey> = []

  init(_ model: GGUFHeader) { self.model = model }

  mutating func add(_ name: String, _ recipe: TensorRecipe) {
    if recipes.updateValue(recipe, forKey: ByteKey(name)) == nil { order.append(name) }
    used.formUnion(recipe.ingredients.map { ByteKey($0) })
  }

  /// Offers a layer's experts as three stacks under the first name of the family's layout.
  mutating func addStack(_ firstName: String, layer: Int) {
    let names = ExpertStackNames(layer: layer)
    stacks[ByteKey(firstName)] = names
    for name in [
      names.gate, names.up, names.down, names.biasOfGate, names.biasOfUp, names.biasOfDown,
    ] { used.insert(ByteKey(name)) }
  }

  mutating func skip(_ name: String) { used.insert(ByteKey(name)) }

  /// Translates all tensors of the table that are there, in every layer.
  mutating func translate(_ table: TensorNames) throws(CheckpointError) {
    for (name, hub) in table.global { translate(name, hub) }
    for layer in 0..<model.layers {
      for (suffix, hub) in table.layer {
        translate("blk.\(layer).\(suffix)", "\(table.prefix)layers.\(layer).\(hub)")
      }
      try translateExperts(table.experts, "\(table.prefix)layers.\(layer).", layer)
    }
  }

  private mutating func translate(_ name: String, _ hub: String) {
    if model.holds(name) {
      add(hub, .same(name))
    } else if ownNames[ByteKey(hub)] == nil {
      ownNames[ByteKey(hub)] = name
    }
  }

  private mutating func translateExperts(
    _ experts: TensorNames.Experts, _ prefix: String, _ layer: Int
  ) throws(CheckpointError) {
    let names = ExpertStackNames(layer: layer)
    guard model.holds(names.down) else {
      if model.holds(names.gate) || model.holds(names.up) {
        throw CheckpointError(model.file, .missing, at: .tensor(names.down))
      }
      if case .separate(let gate, _, _) = experts {
        ownNames[ByteKey(prefix + gate.replacing("{}", with: "0"))] = names.gate
      }
      return
    }
    for name in [names.gate, names.up, names.down] {
      let shape = try model.shape(name)
      guard shape.count == 3, shape[0] == model.experts else {
        throw CheckpointError(
          model.file, .shape("shape \(shape) is no stack of \(model.experts) experts"),
          at: .tensor(name))
      }
    }
    switch experts {
    case .separate(let gate, let up, let down):
      add(prefix + gate, .stack(names.gate))
      add(prefix + up, .stack(names.up))
      add(prefix + down, .stack(names.down))
      addStack(prefix + gate, layer: layer)
    case .fused(let gateUp, let down):
      add(
        prefix + gateUp,
        .rows(.concatenatedByExpert(count: model.experts), of: [names.gate, names.up]))
      add(prefix + down, .same(names.down))
      addStack(prefix + gateUp, layer: layer)
    case .stacked(let first):
      addStack(prefix + first, layer: layer)
    }
  }

  /// Refuses tensors that nothing was made from: what is not understood would be left out of the answer.
  func checkAllUsed() throws(CheckpointError) {
    for name in model.source.names where !used.contains(ByteKey(name)) {
      guard isSkippedByRule(name) else {
        throw CheckpointError(
          model.file, .invalid("is not known in architecture \(model.architecture)"),
          at: .tensor(name), offset: model.source.entry(name)?.range.lowerBound)
      }
    }
  }

  /// Tables computed from the metadata, and layers beyond the model's own.
  private func isSkippedByRule(_ name: String) -> Bool {
    if name.hasPrefix("rope_") || name.hasSuffix(".attn_rot_embd.weight")
      || name.hasSuffix(".attn_rot_embd")
    {
      return true
    }
    guard name.hasPrefix("blk.") else { return false }
    let number = name.dropFirst(4).prefix { $0 != "." }
    return Int(number).map { $0 >= model.layers && $0 < model.blocks } ?? false
  }
}

extension TensorRecipe {
  var ingredients: [String] {
    switch self {
    case .same(let name), .stack(let name), .expert(_, let name), .columns(_, _, let name),
      .minusOne(let name), .logNegated(let name), .reorderedDecay(_, let name):
      [name]
    case .rows(_, let names): names
    case .keyValueUp(let key, let value): [key, value]
    }
  }
}

/// Names of tensors that only change their name.
struct TensorNames {
  enum Experts {
    /// A tensor per expert, `{}` standing for its number.
    case separate(gate: String, up: String, down: String)
    /// Gate and up in one tensor of all experts, and down.
    case fused(gateUp: String, down: String)
    /// A layout that is not rebuilt: only the stacks are offered, under this name.
    case stacked(first: String)
  }

  var prefix = "model."
  var global: [(String, String)] = [
    ("token_embd.weight", "model.embed_tokens.weight"),
    ("output_norm.weight", "model.norm.weight"), ("output_norm.bias", "model.norm.bias"),
    ("output.weight", "lm_head.weight"), ("output.bias", "lm_head.bias"),
  ]
  var layer: [(String, String)]
  var experts: Experts

  /// The names of most families, `feedForward` ("mlp") and `shared` ("shared_experts") being theirs.
  init(feedForward: String = "mlp", shared: String = "shared_experts") {
    let m = feedForward
    let renamed: [(String, String)] = [
      ("attn_norm", "input_layernorm"), ("ffn_norm", "post_attention_layernorm"),
      ("post_attention_norm", "post_attention_layernorm"),
      ("attn_q", "self_attn.q_proj"), ("attn_k", "self_attn.k_proj"),
      ("attn_v", "self_attn.v_proj"), ("attn_output", "self_attn.o_proj"),
      ("attn_q_norm", "self_attn.q_norm"), ("attn_k_norm", "self_attn.k_norm"),
      ("ffn_gate", "\(m).gate_proj"), ("ffn_up", "\(m).up_proj"), ("ffn_down", "\(m).down_proj"),
      ("ffn_gate_inp", "\(m).gate"),
      ("ffn_gate_shexp", "\(m).\(shared).gate_proj"), ("ffn_up_shexp", "\(m).\(shared).up_proj"),
      ("ffn_down_shexp", "\(m).\(shared).down_proj"),
    ]
    layer = []
    for (suffix, hub) in renamed {
      layer.append((suffix + ".weight", hub + ".weight"))
      layer.append((suffix + ".bias", hub + ".bias"))
    }
    layer += [
      ("exp_probs_b.bias", "\(m).gate.e_score_correction_bias"),
      ("exp_probs_b", "\(m).gate.e_score_correction_bias"),
      ("ffn_gate_inp_shexp.weight", "\(m).\(shared)_gate.weight"),
    ]
    experts = .separate(
      gate: "\(m).experts.{}.gate_proj.weight", up: "\(m).experts.{}.up_proj.weight",
      down: "\(m).experts.{}.down_proj.weight")
  }

  /// Replaces a name (weight and bias) or adds it.
  mutating func rename(_ suffix: String, _ hub: String) {
    layer.removeAll { $0.0 == suffix + ".weight" || $0.0 == suffix + ".bias" }
    layer += [(suffix + ".weight", hub + ".weight"), (suffix + ".bias", hub + ".bias")]
  }

  /// Replaces a complete name or adds it.
  mutating func rename(exactly suffix: String, _ hub: String) {
    layer.removeAll { $0.0 == suffix }
    layer.append((suffix, hub))
  }

  mutating func remove(_ suffix: String) { layer.removeAll { $0.0 == suffix + ".weight" } }

  /// Experts as `w1` (gate), `w2` (down), `w3` (up).
  mutating func numberedExperts(_ path: String) {
    experts = .separate(
      gate: "\(path).{}.w1.weight", up: "\(path).{}.w3.weight", down: "\(path).{}.w2.weight")
  }
}
