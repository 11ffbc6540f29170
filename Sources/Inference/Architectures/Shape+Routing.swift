// Routers and feed-forward layers that several families describe with the same keys.

extension Shape {
  /// Sigmoid scores, chosen with a correction bias among the best groups (DeepSeek-V3 2024, section 2.1.2).
  ///
  /// Reads `n_group`, `topk_group`, `norm_topk_prob` and `routed_scaling_factor`.
  ///
  /// - Parameters:
  ///   - prefix: The layer's name; its `mlp.gate` projects.
  ///   - bias: The tensor of the correction bias; nil for `mlp.gate.e_score_correction_bias`.
  ///   - scale: What `routed_scaling_factor` is where the configuration does not say; nil if it must.
  func correctedRouter(
    _ prefix: String, bias: String? = nil, experts: Int, perToken: Int, scale: Float? = 1
  ) throws(EngineError) -> RouterDescription {
    let c = configuration
    let gate = prefix + ".mlp.gate"
    // dots.llm1 names the method where others name the function.
    try c.require("scoring_func", oneOf: ["sigmoid", "noaux_tc"])
    try c.require("topk_method", oneOf: ["noaux_tc"])
    var router = RouterDescription(
      experts: experts, expertsPerToken: perToken,
      gate: LinearDescription(gate, inputs: hidden, outputs: experts, role: .router),
      scoring: .sigmoid,
      normalization: try c.bool("norm_topk_prob", default: true) ? .sum(epsilon: 1e-20) : .none)
    router.choiceBias = Parameter(
      vector: bias ?? gate + ".e_score_correction_bias", count: experts, role: .router)
    router.scale = try c.float("routed_scaling_factor", default: scale)
    router.groups = try expertGroups(rank: .bestTwo, experts: experts, perToken: perToken)
    return router
  }

  /// The groups a router chooses among; nil where there is only one.
  func expertGroups(
    rank: RouterDescription.Groups.Rank, experts: Int, perToken: Int, countKey: String = "n_group"
  ) throws(EngineError) -> RouterDescription.Groups? {
    let c = configuration
    let count = try c.int(countKey, default: 1, in: 1...65536)
    let kept = try c.int("topk_group", default: count, in: 1...65536)
    guard experts % count == 0 else {
      throw c.refusal(countKey, "\(count) does not divide \(experts) experts")
    }
    guard kept <= count, kept * (experts / count) >= perToken else {
      throw c.refusal(
        "topk_group", "\(kept) of \(count) groups cannot give \(perToken) of \(experts) experts")
    }
    guard count > 1 else { return nil }
    guard rank == .best || experts / count >= 2 else {
      throw c.refusal(countKey, "\(count) groups of one expert have no best two")
    }
    return RouterDescription.Groups(count: count, kept: kept, rank: rank)
  }

  /// The mixture most families have under `prefix.mlp`: `gate`, `experts` and ungated `shared_experts`.
  ///
  /// - Parameter bias: Whether the shared experts' projections have biases.
  func mixture(_ prefix: String, router: RouterDescription, bias: Bool = false)
    throws(EngineError) -> SparseMixtureDescription
  {
    let c = configuration
    let width = try c.int("moe_intermediate_size", in: 1...(1 << 24))
    var mixture = SparseMixtureDescription(
      router: router,
      experts: experts(prefix + ".mlp", count: router.experts, intermediate: width))
    let shared = try c.optionalInt("n_shared_experts", in: 0...4096) ?? 0
    if shared > 0 {
      mixture.shared = GatedFeedForwardDescription(
        prefix + ".mlp.shared_experts", hidden: hidden, intermediate: width * shared,
        role: .sharedExpert, bias: bias)
    }
    return mixture
  }

  /// What follows the mixer of a layer: the mixture, or one feed-forward for all tokens.
  func feedForward(_ prefix: String, isSparse: Bool, router: RouterDescription)
    throws(EngineError) -> FeedForwardDescription
  {
    isSparse ? .mixture(try mixture(prefix, router: router)) : try denseLayer(prefix)
  }

  func denseLayer(_ prefix: String, bias: Bool = false) throws(EngineError)
    -> FeedForwardDescription
  {
    .dense(
      GatedFeedForwardDescription(
        prefix + ".mlp", hidden: hidden,
        intermediate: try configuration.int("intermediate_size", in: 1...(1 << 24)),
        role: .denseFeedForward, bias: bias))
  }

  /// Which layers have a mixture: by `mlp_layer_types`, or all from `first_k_dense_replace` on, every
  /// `moe_layer_freq`th.
  func sparseLayers(firstDense: Int) throws(EngineError) -> [Bool] {
    let c = configuration
    if let types = try checkLength(c.optionalStrings("mlp_layer_types"), "mlp_layer_types") {
      if let other = types.first(where: { $0 != "dense" && $0 != "sparse" }) {
        throw c.refusal("mlp_layer_types", "\(other.quotedForMessage()) is not implemented")
      }
      return types.map { $0 == "sparse" }
    }
    let first = try c.int("first_k_dense_replace", default: firstDense, in: 0...4096)
    let step = try c.int("moe_layer_freq", default: 1, in: 1...4096)
    return (0..<layers).map { $0 >= first && $0 % step == 0 }
  }
}
