// Mixtral (Jiang et al. 2024): softmax router over 8 experts, the weights of the chosen renormalised.

enum Mixtral: Architecture {
  static let modelTypes = ["mixtral"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try c.require("hidden_act", oneOf: ["silu"])
    let shape = try Shape(c, epsilonByDefault: 1e-5)
    let (experts, k) = try shape.expertCounts(["num_local_experts"])
    let intermediate = try c.int("intermediate_size", in: 1...(1 << 24))
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      var attention = try shape.attention(prefix + ".self_attn")
      attention.rotary = try c.rotary(dimension: attention.headDimension, theta: 1_000_000)
      attention.visibility = try shape.window()
      let moe = prefix + ".block_sparse_moe"
      let mixture = SparseMixtureDescription(
        router: RouterDescription(
          experts: experts, expertsPerToken: k,
          gate: LinearDescription(
            moe + ".gate", inputs: shape.hidden, outputs: experts, role: .router),
          scoring: .softmax, normalization: .sum(epsilon: 0)),
        experts: shape.experts(
          moe, count: experts, intermediate: intermediate, names: ("w1", "w3", "w2")))
      layers.append(shape.layer(prefix, .groupedQuery(attention), .mixture(mixture)))
    }
    return try shape.model(layers)
  }
}
