// Counts the bytes of the weights a model was given, by what they do.

/// Bytes of a loaded model's weights.
public struct WeightBytes: Sendable, Equatable {
  public internal(set) var byRole: [ParameterRole: Int] = [:]
  /// Bytes by format; a model is rarely in one alone.
  public internal(set) var byFormat: [WeightFormat: Int] = [:]

  public var total: Int { byRole.values.reduce(0, +) }

  /// All but the routed experts.
  public var shared: Int { total - (byRole[.routedExpert] ?? 0) }

  /// The format most bytes are in.
  public var predominantFormat: WeightFormat {
    byFormat.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }?.key ?? .f32
  }

  mutating func add(_ bytes: Int, _ role: ParameterRole, _ format: WeightFormat) {
    byRole[role, default: 0] += bytes
    byFormat[format, default: 0] += bytes
  }
}

/// Passes requests on and adds up what comes back.
final class WeightTally: WeightSource {
  private let source: any WeightSource
  private(set) var bytes = WeightBytes()
  private(set) var memory = WeightMemory()

  init(_ source: any WeightSource) { self.source = source }

  func matrix(_ parameter: Parameter) throws -> WeightMatrix {
    let matrix = try source.matrix(parameter)
    bytes.add(matrix.byteCount, parameter.role, matrix.format)
    if parameter.role != .embedding { memory.add(matrix) }
    return matrix
  }

  func vector(_ parameter: Parameter) throws -> Vector {
    let vector = try source.vector(parameter)
    bytes.add(vector.count * 4, parameter.role, .f32)
    return vector
  }

  func experts(_ description: ExpertsDescription) throws -> ExpertBank {
    let bank = try source.experts(description)
    for matrix in bank.gate + bank.up + bank.down {
      bytes.add(matrix.byteCount, .routedExpert, matrix.format)
      memory.add(matrix)
    }
    return bank
  }

  func expertTable(
    _ name: String, vocabulary: Int, expertsPerToken: Int, experts: Int
  ) throws -> [Int32] {
    let table = try source.expertTable(
      name, vocabulary: vocabulary, expertsPerToken: expertsPerToken, experts: experts)
    bytes.add(table.count * 4, .router, .f32)
    return table
  }
}
