// Holds a checkpoint's tensors against what its configuration needs, without reading a weight.

/// What a sound checkpoint stores.
public struct StoredWeights: Sendable, Equatable {
  /// Tensors of the text decoder.
  public internal(set) var tensors = 0
  /// Tensors left aside by rule: multi-token prediction, vision towers.
  public internal(set) var skipped = 0
  /// Bytes of the decoder's tensors, in all and by type and part.
  public internal(set) var byteCount = 0
  public internal(set) var bytesByType: [String: Int] = [:]
  public internal(set) var bytesByRole: [ParameterRole: Int] = [:]
}

/// A source without values that checks name, shape and type of every tensor a model asks for.
///
/// - Complexity: O(tensors); headers only, so that hundreds of gigabytes are checked in well under a second.
public final class CheckpointAudit: WeightSource {
  private let checkpoint: Checkpoint
  private let empty: ParameterCensus
  private var stored = StoredWeights()
  private var seen: Set<String> = []

  public let hasValues = false

  private init(_ checkpoint: Checkpoint) {
    self.checkpoint = checkpoint
    empty = ParameterCensus(format: .f32)
  }

  /// - Returns: What is stored.
  /// - Throws: ``EngineError`` for the first tensor that is missing, has another shape than the configuration needs or a
  ///   type the engine cannot read.
  @discardableResult
  public static func check(
    _ description: ModelDescription, _ checkpoint: Checkpoint
  ) throws -> StoredWeights {
    let audit = CheckpointAudit(checkpoint)
    try description.visitWeights(audit)
    let prefixes = description.skippedPrefixes
    audit.stored.skipped =
      checkpoint.tensorNames.filter { name in
        !audit.seen.contains(name) && prefixes.contains { name.hasPrefix($0) }
      }.count
    return audit.stored
  }

  public func matrix(_ parameter: Parameter) throws -> WeightMatrix {
    let total =
      switch parameter.storage {
      case .whole: parameter.rows
      case .rows(_, let total): total
      }
    try check(parameter.name, shape: [total, parameter.columns], parameter.role)
    return empty.matrix(parameter)
  }

  public func vector(_ parameter: Parameter) throws -> Vector {
    let shape: [Int] =
      switch parameter.storage {
      case .whole: [parameter.rows, parameter.columns]
      case .rows(_, let total): [total]
      }
    try check(parameter.name, shape: shape, parameter.role)
    return empty.vector(parameter)
  }

  public func experts(_ d: ExpertsDescription) throws -> ExpertBank {
    let (e, h, i) = (d.count, d.hidden, d.intermediate)
    if let stacks = try checkpoint.stackedExperts(d.layout.firstName) {
      for (tensor, shape) in [
        (stacks.gate, [e, i, h]), (stacks.up, [e, i, h]), (stacks.down, [e, h, i]),
      ] { try check(tensor, shape: shape) }
      return empty.experts(d)
    }
    switch d.layout {
    case .separate(let gate, let up, let down):
      for expert in 0..<e {
        for (pattern, shape) in [(gate, [i, h]), (up, [i, h]), (down, [h, i])] {
          try check(
            pattern.replacing("{}", with: String(expert)), shape: shape, .routedExpert)
        }
      }
    case .fused(let gateUp, let down):
      try check(gateUp, shape: [e, 2 * i, h], .routedExpert)
      try check(down, shape: [e, h, i], .routedExpert)
    case .transposed(let gateUp, let down, _):
      try check(gateUp, shape: [e, h, 2 * i], .routedExpert)
      try check(down, shape: [e, i, h], .routedExpert)
    case .mxfp4(let gateUpBlocks, let gateUpScales, let downBlocks, let downScales):
      try check(gateUpBlocks, shape: [e, 2 * i, h / 32, 16], .routedExpert)
      try check(gateUpScales, shape: [e, 2 * i, h / 32], .routedExpert)
      try check(downBlocks, shape: [e, h, i / 32, 16], .routedExpert)
      try check(downScales, shape: [e, h, i / 32], .routedExpert)
    }
    if let bias = d.gateUpBias { try check(bias, shape: [e, 2 * i], .routedExpert) }
    if let bias = d.downBias { try check(bias, shape: [e, h], .routedExpert) }
    return empty.experts(d)
  }

  public func expertTable(
    _ name: String, vocabulary: Int, expertsPerToken: Int, experts: Int
  ) throws -> [Int32] {
    try check(name, shape: [vocabulary, expertsPerToken], .router)
    return []
  }

  /// Checks one tensor; four-bit layouts that keep their numbers in tensors of other names or widths are followed there.
  private func check(_ name: String, shape: [Int], _ role: ParameterRole) throws {
    let columns = shape[shape.count - 1]
    if let codes = find(name + "_packed") {
      try compare(codes, shape: shape.dropLast() + [columns / 8], role)
      guard let scales = find(name + "_scale") else {
        throw EngineError.missingTensor(name: name + "_scale")
      }
      return try compare(scales, shape: shape.dropLast() + [columns / 32], role)
    }
    guard let found = find(name) else { throw EngineError.missingTensor(name: name) }
    let isNibbles = found.description.type == .i8
    try compare(found, shape: isNibbles ? shape.dropLast() + [columns / 2] : shape, role)
    if found.description.type == .f8_e4m3 || isNibbles { try checkScales(found.name, role) }
  }

  private func checkScales(_ name: String, _ role: ParameterRole) throws {
    let other =
      (name.hasSuffix(".weight") ? String(name.dropLast("weight".count)) : name + ".") + "scale"
    guard let scales = find(name + "_scale_inv") ?? find(other) else {
      throw EngineError.missingTensor(name: name + "_scale_inv")
    }
    note(scales, role)
  }

  private typealias Found = (name: String, description: TensorDescription)

  private func find(_ name: String) -> Found? {
    for candidate in [name] + CheckpointWeights.nestedNames(of: name) {
      if let description = checkpoint.description(ofTensor: candidate) {
        return (candidate, description)
      }
    }
    return nil
  }

  private func compare(_ found: Found, shape: [Int], _ role: ParameterRole) throws(EngineError) {
    guard found.description.shape.filter({ $0 != 1 }) == shape.filter({ $0 != 1 }) else {
      throw .tensorShape(name: found.name, found: found.description.shape, expected: shape)
    }
    let type = found.description.type
    let isReadable =
      type.weightFormat != nil || [.i8, .u8, .i32, .i64, .f8_e8m0].contains(type)
    guard isReadable else {
      throw .tensorType(
        name: found.name, found: "\(type)", rule: "not a weight format this engine reads")
    }
    note(found, role)
  }

  private func check(_ tensor: StoredTensor, shape: [Int]) throws {
    let description = TensorDescription(
      type: tensor.type, shape: tensor.shape, byteCount: tensor.bytes.count)
    try compare((tensor.name, description), shape: shape, .routedExpert)
  }

  private func note(_ found: Found, _ role: ParameterRole) {
    guard seen.insert(found.name).inserted else { return }
    stored.tensors += 1
    stored.byteCount += found.description.byteCount
    stored.bytesByType["\(found.description.type)", default: 0] += found.description.byteCount
    stored.bytesByRole[role, default: 0] += found.description.byteCount
  }
}
