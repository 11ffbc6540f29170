// What one model has to do for a token, as numbers that a machine's limits can be set against.

/// The work of a model whose weights are stored in one way.
public struct ModelWork: Sendable, Equatable {
  /// Weights of projections that are stored alike.
  public struct Products: Sendable, Equatable {
    public let format: String
    public let weights: Double
    public let bytes: Double

    public init(format: String, weights: Double, bytes: Double) {
      self.format = format
      self.weights = weights
      self.bytes = bytes
    }
  }

  /// The routed experts of one layer.
  public struct Mixture: Sendable, Equatable {
    public let experts: Int
    /// Experts a token visits on average.
    public let expertsPerToken: Double
    /// Of one expert.
    public let products: [Products]

    public init(experts: Int, expertsPerToken: Double, products: [Products]) {
      self.experts = experts
      self.expertsPerToken = expertsPerToken
      self.products = products
    }

    /// Experts that at least one of `tokens` tokens visits, where each chooses without regard to the others.
    public func distinct(tokens: Double) -> Double {
      ExpertCoverage.expected(
        experts: Double(experts), expertsPerToken: expertsPerToken, tokens: tokens)
    }
  }

  /// What looks at earlier positions in one layer.
  public struct Attention: Sendable, Equatable {
    /// Multiplications for each pair of a query and a key.
    public let multiplicationsPerPair: Double
    /// Earlier positions a query sees at most; nil for all.
    public let window: Int?

    public init(multiplicationsPerPair: Double, window: Int?) {
      self.multiplicationsPerPair = multiplicationsPerPair
      self.window = window
    }

    func pairs(queries: Double, depth: Double) -> Double {
      let all = queries * depth + queries * (queries + 1) / 2
      return window.map { min(all, queries * Double($0)) } ?? all
    }
  }

  public var layers: Int
  /// Projections every token passes, the head left out.
  public var shared: [Products]
  public var head: [Products]
  public var mixtures: [Mixture]
  public var attentions: [Attention]
  public var cacheBytesPerPosition: Double
  public var stateBytes: Double
  /// Of recurrent layers, beside their projections.
  public var stateMultiplicationsPerToken: Double

  public init(
    layers: Int, shared: [Products], head: [Products], mixtures: [Mixture],
    attentions: [Attention], cacheBytesPerPosition: Double, stateBytes: Double,
    stateMultiplicationsPerToken: Double
  ) {
    self.layers = layers
    self.shared = shared
    self.head = head
    self.mixtures = mixtures
    self.attentions = attentions
    self.cacheBytesPerPosition = cacheBytesPerPosition
    self.stateBytes = stateBytes
    self.stateMultiplicationsPerToken = stateMultiplicationsPerToken
  }

  /// Weights that a pass over `tokens` tokens reads, each once.
  public func touchedWeights(tokens: Double) -> Double {
    let fixed = (shared + head).reduce(0) { $0 + $1.weights }
    return mixtures.reduce(fixed) { sum, mixture in
      sum + mixture.distinct(tokens: tokens) * mixture.products.reduce(0) { $0 + $1.weights }
    }
  }

  /// Bytes a decode step of `batch` sequences reads at a position: what is touched, neither active nor total.
  public func bytesTouched(batch: Double, position: Double) -> Double {
    let fixed = (shared + head).reduce(0) { $0 + $1.bytes }
    let routed = mixtures.reduce(0.0) { sum, mixture in
      sum + mixture.distinct(tokens: batch) * mixture.products.reduce(0) { $0 + $1.bytes }
    }
    return fixed + routed + batch * (cacheBytesPerPosition * (position + 1) + stateBytes)
  }
}
