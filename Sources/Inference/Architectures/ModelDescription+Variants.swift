// The same model with other mixtures: more or fewer experts, more or fewer a token, or none at all.

/// Why a shape cannot be changed as asked.
public enum VariantError: Error, Hashable, Sendable, CustomStringConvertible {
  case noMixture
  case tooManyExpertsPerToken(Int, experts: Int)
  case groups(experts: Int, expertsPerToken: Int, groups: Int)
  case tooWide

  public var description: String {
    switch self {
    case .noMixture: "the model has no routed experts"
    case .tooManyExpertsPerToken(let k, let experts): "\(k) experts a token of \(experts)"
    case .groups(let experts, let k, let groups):
      "\(groups) groups of experts cannot give \(k) of \(experts) experts"
    case .tooWide: "the dense network would be too wide to count"
    }
  }
}

extension ModelDescription {
  /// The same shape with other counts in every mixture of experts.
  ///
  /// - Parameters:
  ///   - experts: Routed experts; nil keeps each layer's own.
  ///   - expertsPerToken: Experts a token visits; nil keeps each layer's own.
  public func withMixtures(
    experts: Int? = nil, expertsPerToken: Int? = nil
  ) throws(VariantError) -> ModelDescription {
    try replacing { mixture throws(VariantError) in
      var mixture = mixture
      let count = experts ?? mixture.router.experts
      let k = expertsPerToken ?? mixture.router.expertsPerToken
      guard k >= 1, count >= 1, k <= count else {
        throw .tooManyExpertsPerToken(k, experts: count)
      }
      if let groups = mixture.router.groups {
        let fits = count % groups.count == 0 && count / groups.count >= 2
        guard fits, groups.kept * (count / groups.count) >= k else {
          throw .groups(experts: count, expertsPerToken: k, groups: groups.count)
        }
      }
      mixture.router.experts = count
      mixture.router.expertsPerToken = k
      mixture.router.gate.weight.rows = count + mixture.router.identityExperts
      if mixture.router.gate.bias != nil { mixture.router.gate.bias?.columns = count }
      if mixture.router.choiceBias != nil {
        mixture.router.choiceBias?.columns = count + mixture.router.identityExperts
      }
      mixture.experts.count = count
      return .mixture(mixture)
    }
  }

  /// How wide the dense network is that takes a mixture's place.
  public enum DenseSize: String, Sendable, CaseIterable {
    /// As many parameters as a token uses.
    case active
    /// As many parameters as there are.
    case total
  }

  /// A dense model of the same depth and attention.
  public func dense(_ size: DenseSize) throws(VariantError) -> ModelDescription {
    try replacing { mixture throws(VariantError) in
      let experts = size == .active ? mixture.router.expertsPerToken : mixture.experts.count
      let shared = mixture.shared?.gate.outputs ?? 0
      let (routed, overflow) = experts.multipliedReportingOverflow(by: mixture.experts.intermediate)
      guard !overflow, routed < 1 << 32 else { throw .tooWide }
      return .dense(
        GatedFeedForwardDescription(
          mixture.experts.layout.firstName + "#dense_\(size.rawValue)",
          hidden: mixture.experts.hidden, intermediate: routed + shared, role: .denseFeedForward))
    }
  }

  private func replacing(
    _ change: (SparseMixtureDescription) throws(VariantError) -> FeedForwardDescription
  ) throws(VariantError) -> ModelDescription {
    var model = self
    var hasChanged = false
    for index in model.layers.indices {
      switch model.layers[index] {
      case .preNorm(var layer):
        guard case .mixture(let mixture) = layer.feedForward else { continue }
        layer.feedForward = try change(mixture)
        model.layers[index] = .preNorm(layer)
      case .hyper(var layer):
        guard case .mixture(let mixture) = layer.blocks.feedForward else { continue }
        layer.blocks.feedForward = try change(mixture)
        model.layers[index] = .hyper(layer)
      case .shortcut(var layer):
        // Its mixture joins the stream later than a dense network could.
        guard case .mixture(let mixture) = try change(layer.mixture) else { continue }
        layer.mixture = mixture
        model.layers[index] = .shortcut(layer)
      }
      hasChanged = true
    }
    guard hasChanged else { throw .noMixture }
    return model
  }
}
