// MiniMax-M2 (MiniMax 2025): queries and keys normalised over the whole projection, partial rotation, sigmoid router.

enum MiniMaxM2: Architecture {
  static let modelTypes = ["minimax_m2"]

  static func describe(_ c: ModelConfiguration) throws(EngineError) -> ModelDescription {
    try checkSwitches(c)
    let shape = try Shape(c)
    let head = try c.int("head_dim", default: 128, in: 1...65536)
    let rotated = try rotatedElements(c, head)
    var layers: [LayerDescription] = []
    for index in 0..<shape.layers {
      let prefix = "model.layers.\(index)"
      var attention = try shape.attention(prefix + ".self_attn", headDimension: head)
      attention.rotary = try c.rotary(dimension: rotated, theta: 5_000_000)
      attention.norm = .whole(
        query: shape.norm(prefix + ".self_attn.q_norm", attention.query.outputs),
        key: shape.norm(prefix + ".self_attn.k_norm", attention.key.outputs))
      let mixture = try mixture(shape, prefix + ".block_sparse_moe")
      layers.append(shape.layer(prefix, .groupedQuery(attention), .mixture(mixture)))
    }
    return try shape.model(layers)
  }

  /// Switches of the released configurations that name the only form implemented here.
  private static func checkSwitches(_ c: ModelConfiguration) throws(EngineError) {
    try c.require("hidden_act", oneOf: ["silu"])
    try c.require("scoring_func", oneOf: ["sigmoid"])
    try c.require("qk_norm_type", oneOf: ["per_layer"])
    try c.requireOn("use_qk_norm")
    try c.requireOn("use_routing_bias")
    try c.require("shared_intermediate_size", equals: 0)
    if let types = try c.optionalInts("attn_type_list", in: 0...16),
      types.contains(where: { $0 != 1 })
    {
      throw c.refusal("attn_type_list", "layers other than full attention are not implemented")
    }
  }

  /// Released configurations count the rotated elements; newer ones give their share.
  private static func rotatedElements(_ c: ModelConfiguration, _ head: Int) throws(EngineError)
    -> Int
  {
    if let parameters = try c.optionalObject("rope_parameters"),
      parameters.value("partial_rotary_factor") != nil
    {
      return try c.rotatedElements(of: head)
    }
    guard let count = try c.optionalInt("rotary_dim", in: 2...head) else {
      return try c.rotatedElements(of: head)
    }
    return count
  }

  private static func mixture(_ shape: Shape, _ prefix: String) throws(EngineError)
    -> SparseMixtureDescription
  {
    let (experts, k) = try shape.expertCounts(["num_local_experts", "num_experts"])
    var router = RouterDescription(
      experts: experts, expertsPerToken: k,
      gate: LinearDescription(
        prefix + ".gate", inputs: shape.hidden, outputs: experts, role: .router),
      scoring: .sigmoid, normalization: .sum(epsilon: 0))
    router.choiceBias = Parameter(
      vector: prefix + ".e_score_correction_bias", count: experts, role: .router)
    return SparseMixtureDescription(
      router: router,
      experts: shape.experts(
        prefix, count: experts,
        intermediate: try shape.configuration.int("intermediate_size", in: 1...(1 << 24)),
        names: ("w1", "w3", "w2")))
  }
}
