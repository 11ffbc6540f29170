// One copy of the weights for several models that differ in little: experiments on one shape.

/// Keeps what a source gave, so that decoders with the same matrices share them.
///
/// A mixture of fewer experts takes the first of a larger one's, where that was asked for before. What comes out is
/// already interleaved, so that a decoder leaves it as it is.
public final class SharedWeights: WeightSource {
  private let source: PackedWeights
  private var matrices: [String: WeightMatrix] = [:]
  private var vectors: [String: Vector] = [:]
  private var banks: [String: ExpertBank] = [:]

  public init(_ source: any WeightSource) { self.source = PackedWeights(source) }

  public var hasValues: Bool { source.hasValues }

  public func matrix(_ parameter: Parameter) throws -> WeightMatrix {
    let key = "\(parameter.name) \(parameter.rows)x\(parameter.columns)"
    if let known = matrices[key] { return known }
    var matrix = try source.matrix(parameter)
    // Nobody may rearrange what others read.
    matrix.isOwned = false
    matrices[key] = matrix
    return matrix
  }

  public func vector(_ parameter: Parameter) throws -> Vector {
    let key = "\(parameter.name) \(parameter.count)"
    if let known = vectors[key] { return known }
    let vector = try source.vector(parameter)
    vectors[key] = vector
    return vector
  }

  public func experts(_ description: ExpertsDescription) throws -> ExpertBank {
    let key = "\(description.layout.firstName) \(description.hidden)x\(description.intermediate)"
    if let known = banks[key], known.count >= description.count {
      return known.count == description.count ? known : known.first(description.count)
    }
    let bank = try source.experts(description)
    banks[key] = bank
    return bank
  }

  public func expertTable(
    _ name: String, vocabulary: Int, expertsPerToken: Int, experts: Int
  ) throws -> [Int32] {
    try source.expertTable(
      name, vocabulary: vocabulary, expertsPerToken: expertsPerToken, experts: experts)
  }
}

extension ExpertBank {
  /// The first experts; biases lie in the order of the experts, so they serve as they are.
  fileprivate func first(_ count: Int) -> ExpertBank {
    var bank = ExpertBank(
      gate: Array(gate.prefix(count)), up: Array(up.prefix(count)), down: Array(down.prefix(count)))
    bank.gateBias = gateBias
    bank.upBias = upBias
    bank.downBias = downBias
    return bank
  }
}
