// What a pass over a model has to do, counted from its description: products by format, attention, layers.

/// The work of a model's layers, apart from the number of tokens.
public struct WorkInventory: Sendable, Equatable {
  /// Weights of projections that are stored alike.
  public struct Products: Sendable, Equatable {
    public let format: WeightFormat
    public let weights: Int
    public let bytes: Int
  }

  /// The routed experts of one layer.
  public struct Mixture: Sendable, Equatable {
    public let experts: Int
    /// Experts a token visits on average; less than chosen where some choices compute nothing.
    public let expertsPerToken: Double
    /// Of one expert.
    public let products: [Products]
  }

  /// What scores and mixes earlier positions in one layer.
  public struct Attention: Sendable, Equatable {
    /// Multiplications for each pair of a query and a key, all heads.
    public let multiplicationsPerPair: Int
    /// Earlier positions a query sees at most; nil for all.
    public let window: Int?
  }

  /// Projections that every token passes, the head left out.
  public internal(set) var shared: [Products] = []
  public internal(set) var head: [Products] = []
  public internal(set) var mixtures: [Mixture] = []
  public internal(set) var attentions: [Attention] = []
  public internal(set) var layers = 0
  /// Bytes of the cache a sequence grows by with each position.
  public internal(set) var cacheBytesPerPosition = 0
  /// Bytes of the states a sequence has whatever its length.
  public internal(set) var stateBytes = 0
  /// Multiplications that carry the states one token on, projections left out.
  public internal(set) var stateMultiplicationsPerToken = 0
}

extension ModelDescription {
  /// - Complexity: O(tensors); no weights are read or made.
  public func inventory(asking format: WeightFormat) throws -> WorkInventory {
    let source = InventorySource(format: format)
    let builder = try visitWeights(source) { source.begin($0) }
    var inventory = source.inventory
    inventory.layers = layers.count
    if head == nil { inventory.head = [source.products(embedding)] }
    inventory.attentions = layers.flatMap { layer in
      layer.mixers.compactMap { WorkInventory.Attention($0) }
    }
    inventory.stateMultiplicationsPerToken = layers.reduce(0) { sum, layer in
      sum + layer.mixers.reduce(0) { $0 + $1.stateMultiplicationsPerToken }
    }
    inventory.cacheBytesPerPosition = builder.cacheShapes.reduce(0) {
      $0 + $1.bytesPerPosition(CacheFormat(for: format))
    }
    inventory.stateBytes = builder.cacheShapes.reduce(0) { $0 + $1.stateFloats * 4 }
    return inventory
  }
}

extension LayerDescription {
  fileprivate var mixers: [MixerDescription] {
    switch self {
    case .preNorm(let layer): [layer.mixer]
    case .shortcut(let layer): [layer.first.mixer, layer.second.mixer]
    case .hyper(let layer): [layer.blocks.mixer]
    }
  }
}

extension MixerDescription {
  /// A number of the state fades, takes in a product and is read; the delta rule reads it once more before.
  fileprivate var stateMultiplicationsPerToken: Int {
    switch self {
    case .gatedDeltaRule(let d): 4 * d.heads * d.valueDimension * d.keyDimension
    case .stateSpaceDuality(let d): 3 * d.heads * d.headDimension * d.stateDimension
    case .selectiveScan(let d): 3 * d.channels * d.stateDimension
    case .groupedQuery, .latent, .compressed, .shortConvolution: 0
    }
  }
}

extension WorkInventory.Attention {
  /// nil for what keeps a state instead of positions.
  fileprivate init?(_ mixer: MixerDescription) {
    switch mixer {
    case .groupedQuery(let d):
      multiplicationsPerPair = d.heads * (d.headDimension + d.valueDimension)
      switch d.visibility {
      case .causal: window = nil
      case .window(let size): window = size
      // A block's positions see half of it on average.
      case .chunk(let size): window = max(1, size / 2)
      }
    case .latent(let d):
      multiplicationsPerPair = d.heads * (d.unrotated + d.rotated + d.valueDimension)
      window = nil
    case .compressed(let d):
      multiplicationsPerPair = d.heads * 2 * d.dimension
      window = d.window
    case .gatedDeltaRule, .selectiveScan, .stateSpaceDuality, .shortConvolution: return nil
    }
  }
}

/// A source that has no weights and notes what products they are for.
private final class InventorySource: WeightSource {
  let hasValues = false
  private(set) var inventory = WorkInventory()
  private let census: ParameterCensus
  private let format: WeightFormat
  private var expertsPerToken = 0.0

  init(format: WeightFormat) {
    self.format = format
    census = ParameterCensus(format: format)
  }

  func begin(_ layer: LayerDescription) {
    guard let router = layer.mixture?.router else { return }
    let choices = router.experts + router.identityExperts
    expertsPerToken =
      Double(router.expertsPerToken) * Double(router.experts) / Double(max(choices, 1))
  }

  func products(_ parameter: Parameter, times count: Int = 1) -> WorkInventory.Products {
    WorkInventory.Products(
      format: parameter.storedFormat(asking: format), weights: parameter.count * count,
      bytes: parameter.byteCount(asking: format) * count)
  }

  func matrix(_ parameter: Parameter) throws -> WeightMatrix {
    let part = products(parameter)
    switch parameter.role {
    case .embedding: break
    case .head: inventory.head.append(part)
    default: inventory.shared = Self.adding(part, to: inventory.shared)
    }
    return census.matrix(parameter)
  }

  func vector(_ parameter: Parameter) throws -> Vector { census.vector(parameter) }

  func experts(_ description: ExpertsDescription) throws -> ExpertBank {
    let (h, i) = (description.hidden, description.intermediate)
    let name = description.layout.firstName
    let wide = products(
      Parameter(matrix: name, rows: 2 * i, columns: h, role: .routedExpert))
    let tall = products(Parameter(matrix: name, rows: h, columns: i, role: .routedExpert))
    inventory.mixtures.append(
      WorkInventory.Mixture(
        experts: description.count, expertsPerToken: expertsPerToken,
        products: Self.adding(tall, to: [wide])))
    return census.experts(description)
  }

  func expertTable(
    _ name: String, vocabulary: Int, expertsPerToken: Int, experts: Int
  ) throws -> [Int32] { [] }

  private static func adding(
    _ part: WorkInventory.Products, to parts: [WorkInventory.Products]
  ) -> [WorkInventory.Products] {
    guard let index = parts.firstIndex(where: { $0.format == part.format }) else {
      return parts + [part]
    }
    var parts = parts
    parts[index] = WorkInventory.Products(
      format: part.format, weights: parts[index].weights + part.weights,
      bytes: parts[index].bytes + part.bytes)
    return parts
  }
}
