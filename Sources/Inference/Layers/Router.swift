// Top-k routing of tokens to experts (Shazeer et al. 2017, section 2.1) in the forms open-weights families use.

/// How a router scores, chooses and weighs experts.
public struct RouterDescription: Sendable, Hashable {
  /// From logits to scores.
  public enum Scoring: Sendable, Hashable {
    /// Softmax over all experts.
    case softmax
    /// Softmax over the logits of the chosen alone.
    case softmaxOfChosen
    case sigmoid
    /// Choice by logit; the weight is the logit's sigmoid (Llama 4).
    case sigmoidOfChosen
    /// `sqrt(softplus(logit))` (DeepSeek-V4).
    case squareRootSoftplus
    /// SparseMixer at evaluation (Liu et al. 2023): two experts, each weighed among the logits close to its own.
    case sparseMixer(jitter: Float)
  }

  /// What the chosen scores are divided by.
  public enum Normalization: Sendable, Hashable {
    case none
    /// Their sum plus a small constant.
    case sum(epsilon: Float)
    /// Their sum, or this much if that is larger.
    case atLeast(Float)
  }

  /// Experts are chosen among the best groups only (DeepSeek-V2, section 2.2; V3, section 2.1.2).
  public struct Groups: Sendable, Hashable {
    /// How a group is judged.
    public enum Rank: Sendable, Hashable {
      /// By the best score in the group; experts of other groups score 0.
      case best
      /// By the sum of the best two; experts of other groups cannot be chosen.
      case bestTwo
    }
    public var count: Int
    public var kept: Int
    public var rank: Rank

    public init(count: Int, kept: Int, rank: Rank) {
      self.count = count
      self.kept = kept
      self.rank = rank
    }
  }

  public var experts: Int
  public var expertsPerToken: Int
  public var gate: LinearDescription
  public var scoring: Scoring
  public var normalization: Normalization = .none
  /// Multiplies the weights at the end.
  public var scale: Float = 1
  /// Added to the scores for the choice only, `[experts]` (Wang et al. 2024, auxiliary-loss-free balancing).
  public var choiceBias: Parameter?
  public var groups: Groups?
  /// Further experts that return their input (LongCat-Flash's zero-computation experts).
  public var identityExperts = 0
  /// A tensor `[vocabulary, expertsPerToken]` that chooses by token instead (DeepSeek-V4's first layers).
  public var table: String?
  public var vocabulary = 0

  public init(
    experts: Int, expertsPerToken: Int, gate: LinearDescription, scoring: Scoring,
    normalization: Normalization = .none
  ) {
    self.experts = experts
    self.expertsPerToken = expertsPerToken
    self.gate = gate
    self.scoring = scoring
    self.normalization = normalization
  }
}

/// Chooses the experts of each token and their weights.
package struct Router: Sendable {
  let description: RouterDescription
  let gate: Linear
  private let choiceBias: Vector?
  private let table: [Int32]?

  package init(_ d: RouterDescription, _ source: any WeightSource) throws {
    description = d
    gate = try source.linear(d.gate)
    choiceBias = try d.choiceBias.map(source.vector)
    table = try d.table.map {
      try source.expertTable(
        $0, vocabulary: d.vocabulary, expertsPerToken: d.expertsPerToken, experts: d.experts)
    }
  }

  /// Experts a router can name, those that compute nothing included.
  var choices: Int { description.experts + description.identityExperts }

  /// Chooses and weighs the experts of one token.
  ///
  /// - Parameters:
  ///   - logits: `[choices]`; overwritten with scores.
  ///   - scratch: `[choices]`, for the scores the choice is made by.
  ///   - token: The token's id, for routers that choose by table.
  ///   - forced: Experts to take instead of the router's choice, `[expertsPerToken]` and distinct.
  ///   - experts: Receives `[expertsPerToken]` expert numbers, ascending. Ties go to the lower number.
  ///   - weights: Receives their weights.
  /// - Complexity: O(experts · expertsPerToken), no allocation.
  package func route(
    _ logits: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, token: Int,
    forced: UnsafePointer<Int32>?, experts: UnsafeMutablePointer<Int32>,
    weights: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    let k = description.expertsPerToken
    if case .sparseMixer(let jitter) = description.scoring {
      sparseMix(
        logits, scratch, jitter: jitter, forced: forced, experts: experts, weights: weights)
    } else {
      score(logits, kernels)
      if let forced {
        experts.update(from: forced, count: k)
      } else if let table {
        for i in 0..<k { experts[i] = table[token * k + i] }
      } else {
        for e in 0..<choices { scratch[e] = logits[e] + (choiceBias?[e] ?? 0) }
        if let groups = description.groups { maskGroups(scratch, groups) }
        chooseLargest(scratch, count: choices, k: k, into: experts)
      }
      sortAscending(experts, k)
      for i in 0..<k { weights[i] = logits[Int(experts[i])] }
      weigh(weights, k, kernels)
    }
  }

  private func score(_ logits: UnsafeMutablePointer<Float>, _ kernels: Kernels) {
    switch description.scoring {
    case .softmax:
      let sum = kernels.exponentials(logits, minus: kernels.maximum(logits, choices), choices)
      kernels.scale(logits, by: 1 / sum, choices)
    case .sigmoid:
      for e in 0..<choices { logits[e] = logistic(logits[e]) }
    case .squareRootSoftplus:
      for e in 0..<choices { logits[e] = softplus(logits[e]).squareRoot() }
    case .softmaxOfChosen, .sigmoidOfChosen, .sparseMixer:
      break
    }
  }

  private func weigh(_ weights: UnsafeMutablePointer<Float>, _ k: Int, _ kernels: Kernels) {
    switch description.scoring {
    case .softmaxOfChosen:
      let sum = kernels.exponentials(weights, minus: kernels.maximum(weights, k), k)
      kernels.scale(weights, by: 1 / sum, k)
    case .sigmoidOfChosen:
      for i in 0..<k { weights[i] = logistic(weights[i]) }
    default:
      break
    }
    var sum: Float = 0
    for i in 0..<k { sum += weights[i] }
    var factor = description.scale
    switch description.normalization {
    case .none: break
    case .sum(let epsilon): factor /= sum + epsilon
    case .atLeast(let least): factor /= max(sum, least)
    }
    for i in 0..<k { weights[i] *= factor }
  }

  /// Takes experts outside the best groups out of the choice.
  private func maskGroups(
    _ scores: UnsafeMutablePointer<Float>, _ groups: RouterDescription.Groups
  ) {
    let size = description.experts / groups.count
    withUnsafeTemporaryAllocation(of: Float.self, capacity: groups.count) { ranks in
      for group in 0..<groups.count {
        var best = -Float.infinity
        var second = -Float.infinity
        for e in (group * size)..<((group + 1) * size) {
          let score = scores[e]
          if score > best {
            second = best
            best = score
          } else if score > second {
            second = score
          }
        }
        ranks[group] = groups.rank == .best ? best : best + second
      }
      for _ in 0..<(groups.count - groups.kept) {
        // Drop the worst group that is left; among equals the later one, as top-k would.
        var worst = -1
        for group in 0..<groups.count where !ranks[group].isNaN {
          if worst < 0 || ranks[group] <= ranks[worst] { worst = group }
        }
        guard worst >= 0 else { break }
        ranks[worst] = .nan
        let masked: Float = groups.rank == .best ? 0 : -.infinity
        for e in (worst * size)..<((worst + 1) * size) { scores[e] = masked }
      }
    }
  }

  /// SparseMixer without noise: the winner is weighed by a softmax over the logits within a relative `2 jitter` of it,
  /// then removed, and the runner-up likewise.
  private func sparseMix(
    _ logits: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>, jitter: Float,
    forced: UnsafePointer<Int32>?, experts: UnsafeMutablePointer<Int32>,
    weights: UnsafeMutablePointer<Float>
  ) {
    let k = description.expertsPerToken
    if let forced {
      experts.update(from: forced, count: k)
    } else {
      chooseLargest(logits, count: choices, k: k, into: experts)
    }
    scratch.update(from: logits, count: choices)
    for i in 0..<k {
      let winner = Int(experts[i])
      let largest = scratch[winner]
      var sum: Float = 0
      for e in 0..<choices where scratch[e] > -.infinity {
        let distance = (largest - logits[e]) / max(abs(logits[e]), largest)
        // So written that 0 / 0 counts as close: equal logits of zero share the weight.
        if !(distance > 2 * jitter) { sum += exponential(scratch[e] - largest) }
      }
      weights[i] = 1 / sum
      scratch[winner] = -.infinity
    }
    if k == 2 && experts[0] > experts[1] {
      swap(&experts[0], &experts[1])
      swap(&weights[0], &weights[1])
    }
  }
}

/// The `k` largest of `scores`, by number where equal; NaN counts as smaller than all. Best first.
func chooseLargest(
  _ scores: UnsafePointer<Float>, count: Int, k: Int, into chosen: UnsafeMutablePointer<Int32>
) {
  var filled = 0
  for candidate in 0..<count {
    let score = scores[candidate].isNaN ? -Float.infinity : scores[candidate]
    if filled == k {
      let last = scores[Int(chosen[k - 1])]
      if score <= (last.isNaN ? -.infinity : last) { continue }
    }
    var place = filled < k ? filled : k - 1
    while place > 0 {
      let before = scores[Int(chosen[place - 1])]
      if (before.isNaN ? -.infinity : before) >= score { break }
      chosen[place] = chosen[place - 1]
      place -= 1
    }
    chosen[place] = Int32(truncatingIfNeeded: candidate)
    if filled < k { filled += 1 }
  }
}

/// Insertion sort: a handful of numbers.
func sortAscending(_ values: UnsafeMutablePointer<Int32>, _ count: Int) {
  for i in 1..<max(count, 1) {
    let value = values[i]
    var j = i
    while j > 0 && values[j - 1] > value {
      values[j] = values[j - 1]
      j -= 1
    }
    values[j] = value
  }
}
