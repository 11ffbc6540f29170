// Counts a model's parameters by building it without weights.

/// Parameters of a model: the three counts that must not be confused are total, active, and (measured) touched.
public struct ParameterCount: Sendable, Equatable {
  /// Every parameter of the text decoder.
  public internal(set) var total = 0
  /// By what they do; routed experts in full.
  public internal(set) var byRole: [ParameterRole: Int] = [:]
  /// Routed experts' parameters a token uses.
  public internal(set) var activeExperts = 0
  /// Elements the cache grows by with each position, over all layers.
  public internal(set) var cacheElementsPerPosition = 0
  /// Whether the head is the embedding again: then one matrix is counted once, and used twice.
  public internal(set) var tiedEmbedding = false
  /// Layers with routed experts: their number of experts and experts a token.
  public internal(set) var mixtures: [MixtureShape] = []

  /// What one token's products use, the embedding's row look-up left out (the head counted).
  public var activeWithoutEmbedding: Int {
    activeWithEmbedding - (tiedEmbedding ? 0 : byRole[.embedding] ?? 0)
  }

  /// As published by some: embedding and head both counted in full.
  public var activeWithEmbedding: Int {
    total - (byRole[.routedExpert] ?? 0) + activeExperts
  }
}

extension ModelDescription {
  /// Counts parameters as the engine would load them.
  ///
  /// - Complexity: O(tensors); no weights are read or made.
  public func parameterCount() throws -> ParameterCount { try census(format: .f32).count }

  /// Bytes the weights take when `format` is asked for.
  public func weightBytes(asking format: WeightFormat) throws -> WeightBytes {
    try census(format: format).bytes
  }

  private func census(format: WeightFormat) throws -> ParameterCensus {
    let census = ParameterCensus(format: format)
    let builder = try visitWeights(census) { census.expertsPerToken = $0.expertsPerToken }
    census.count.tiedEmbedding = head == nil
    census.count.mixtures = builder.mixtures
    census.count.cacheElementsPerPosition = builder.cacheShapes.reduce(0) {
      $0 + $1.elementsPerPosition
    }
    return census
  }

  /// Asks `source` for every weight, as loading does.
  ///
  /// - Parameter beforeLayer: Called with each layer before its weights are asked for.
  @discardableResult
  func visitWeights(
    _ source: any WeightSource, beforeLayer: (LayerDescription) -> Void = { _ in }
  ) throws -> ModelBuilder {
    let builder = ModelBuilder(source: source, positions: 1)
    _ = try source.matrix(embedding)
    for (index, layer) in layers.enumerated() {
      beforeLayer(layer)
      _ = try builder.layer(layer, index: index)
    }
    _ = try streams.map { try HyperConnection($0, source) }
    _ = try source.norm(finalNorm)
    _ = try head.map(source.linear)
    _ = try tiedHeadBias.map(source.vector)
    return builder
  }
}

extension LayerDescription {
  var mixture: SparseMixtureDescription? {
    switch self {
    case .preNorm(let layer): layer.mixture
    case .shortcut(let layer): layer.mixture
    case .hyper(let layer): layer.blocks.mixture
    }
  }

  /// Experts a token visits in this layer; 0 in dense layers.
  var expertsPerToken: Int { mixture?.router.expertsPerToken ?? 0 }
}

extension PreNormLayerDescription {
  fileprivate var mixture: SparseMixtureDescription? {
    if case .mixture(let mixture) = feedForward { mixture } else { nil }
  }
}

/// A source that has no weights: it notes what is asked for.
final class ParameterCensus: WeightSource {
  var count = ParameterCount()
  private(set) var bytes = WeightBytes()
  /// Of the layer that is being built.
  var expertsPerToken = 0
  private let format: WeightFormat

  let hasValues = false
  private let nowhere = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64))

  init(format: WeightFormat) { self.format = format }

  deinit { nowhere.deallocate() }

  private func note(_ role: ParameterRole, _ parameters: Int) {
    count.total += parameters
    count.byRole[role, default: 0] += parameters
  }

  private func weigh(_ parameter: Parameter, times repetitions: Int = 1) {
    bytes.add(
      parameter.byteCount(asking: format) * repetitions, parameter.role,
      parameter.storedFormat(asking: format))
  }

  func matrix(_ parameter: Parameter) -> WeightMatrix {
    note(parameter.role, parameter.count)
    weigh(parameter)
    return empty(rows: parameter.rows, columns: parameter.columns)
  }

  func vector(_ parameter: Parameter) -> Vector {
    note(parameter.role, parameter.count)
    weigh(parameter)
    return Vector(nowhere.assumingMemoryBound(to: Float.self), count: parameter.count)
  }

  func experts(_ description: ExpertsDescription) -> ExpertBank {
    note(.routedExpert, description.count * description.parametersPerExpert)
    count.activeExperts += expertsPerToken * description.parametersPerExpert
    let (h, i) = (description.hidden, description.intermediate)
    let name = description.layout.firstName
    weigh(
      Parameter(matrix: name, rows: 2 * i, columns: h, role: .routedExpert),
      times: description.count)
    weigh(
      Parameter(matrix: name, rows: h, columns: i, role: .routedExpert), times: description.count)
    let wide = empty(rows: description.intermediate, columns: description.hidden)
    let tall = empty(rows: description.hidden, columns: description.intermediate)
    return ExpertBank(
      gate: Array(repeating: wide, count: description.count),
      up: Array(repeating: wide, count: description.count),
      down: Array(repeating: tall, count: description.count))
  }

  func expertTable(
    _ name: String, vocabulary: Int, expertsPerToken: Int, experts: Int
  ) -> [Int32] {
    []
  }

  /// Never read: a census's model is not run.
  private func empty(rows: Int, columns: Int) -> WeightMatrix {
    WeightMatrix(format: .f32, rows: rows, columns: columns, base: nowhere, rowBytes: columns * 4)
  }
}
