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
    try audit.checkUnread(description)
    try audit.checkTiedHead(description)
    return audit.stored
  }

  public func matrix(_ parameter: Parameter) throws -> WeightMatrix {
    let total =
      switch parameter.storage {
      case .whole: parameter.rows
      case .rows(_, let total): total
      }
    try checkMatrix(parameter.name, shape: [total, parameter.columns], parameter.role)
    return empty.matrix(parameter)
  }

  public func vector(_ parameter: Parameter) throws -> Vector {
    let shape: [Int] =
      switch parameter.storage {
      case .whole: [parameter.rows, parameter.columns]
      case .rows(_, let total): [total]
      }
    try check(parameter.name, shape: shape, parameter.role, Self.floats)
    return empty.vector(parameter)
  }

  public func experts(_ d: ExpertsDescription) throws -> ExpertBank {
    let (e, h, i) = (d.count, d.hidden, d.intermediate)
    if let stacks = checkpoint.stackDescriptions(d.layout.firstName) {
      for (stack, shape) in zip(stacks, [[e, i, h], [e, i, h], [e, h, i]]) {
        try compare(stack, shape: shape, .routedExpert, Self.matrices)
      }
      return empty.experts(d)
    }
    switch d.layout {
    case .separate(let gate, let up, let down):
      for expert in 0..<e {
        for (pattern, shape) in [(gate, [i, h]), (up, [i, h]), (down, [h, i])] {
          try checkMatrix(
            pattern.replacing("{}", with: String(expert)), shape: shape, .routedExpert)
        }
      }
    case .fused(let gateUp, let down):
      try checkMatrix(gateUp, shape: [e, 2 * i, h], .routedExpert)
      try checkMatrix(down, shape: [e, h, i], .routedExpert)
    case .transposed(let gateUp, let down, _):
      try check(gateUp, shape: [e, h, 2 * i], .routedExpert, Self.floats)
      try check(down, shape: [e, i, h], .routedExpert, Self.floats)
    case .mxfp4(let gateUpBlocks, let gateUpScales, let downBlocks, let downScales):
      try check(gateUpBlocks, shape: [e, 2 * i, h / 32, 16], .routedExpert, [.u8])
      try check(gateUpScales, shape: [e, 2 * i, h / 32], .routedExpert, [.u8])
      try check(downBlocks, shape: [e, h, i / 32, 16], .routedExpert, [.u8])
      try check(downScales, shape: [e, h, i / 32], .routedExpert, [.u8])
    }
    if let bias = d.gateUpBias { try check(bias, shape: [e, 2 * i], .routedExpert, Self.floats) }
    if let bias = d.downBias { try check(bias, shape: [e, h], .routedExpert, Self.floats) }
    return empty.experts(d)
  }

  public func expertTable(
    _ name: String, vocabulary: Int, expertsPerToken: Int, experts: Int
  ) throws -> [Int32] {
    try check(name, shape: [vocabulary, expertsPerToken], .router, [.i32, .i64])
    return []
  }

  /// What the kernels multiply with, whatever the container.
  private static let matrices = TensorType.allCases.filter { $0.weightFormat != nil }
  /// What vectors are read from.
  private static let floats: [TensorType] = [.f32, .f16, .bf16]

  private func check(
    _ name: String, shape: [Int], _ role: ParameterRole, _ types: [TensorType]
  ) throws {
    guard let found = find(name) else { throw EngineError.missingTensor(name: name) }
    try compare(found, shape: shape, role, types)
  }

  /// Checks a matrix; layouts that keep their numbers in tensors of other names or widths are followed there.
  private func checkMatrix(_ name: String, shape: [Int], _ role: ParameterRole) throws {
    let (columns, rows) = (shape[shape.count - 1], shape.dropLast().reduce(1, *))
    if let codes = find(name + "_packed") {
      try compare(codes, shape: shape.dropLast() + [columns / 8], role, [.i32])
      return try check(
        name + "_scale", shape: shape.dropLast() + [columns / 32], role, [.f16, .bf16])
    }
    guard let found = find(name) else { throw EngineError.missingTensor(name: name) }
    switch found.description.type {
    case .i8 where checkpoint.container == .safetensors:
      try compare(found, shape: shape.dropLast() + [columns / 2], role, [.i8])
      try checkScales(found.name, [rows, columns / 32], role, [.f8_e8m0])
    case .f8_e4m3:
      try compare(found, shape: shape, role, Self.matrices)
      try checkScales(
        found.name, [(rows + 127) / 128, (columns + 127) / 128], role, Self.floats + [.f8_e8m0])
    default:
      try compare(found, shape: shape, role, Self.matrices)
    }
  }

  private func checkScales(
    _ name: String, _ shape: [Int], _ role: ParameterRole, _ types: [TensorType]
  ) throws {
    let other =
      (name.hasSuffix(".weight") ? String(name.dropLast("weight".count)) : name + ".") + "scale"
    guard let scales = find(name + "_scale_inv") ?? find(other) else {
      throw EngineError.missingTensor(name: name + "_scale_inv")
    }
    try compare(scales, shape: shape, role, types)
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

  private func compare(
    _ found: Found, shape: [Int], _ role: ParameterRole, _ types: [TensorType]
  ) throws(EngineError) {
    let type = found.description.type
    guard types.contains(type) else {
      let wanted = types.map(\.description).joined(separator: ", ")
      throw .tensorType(
        name: found.name, found: "\(type)",
        rule: types.count > 4 ? "not a weight format this engine reads" : "must be \(wanted)")
    }
    guard found.description.shape.filter({ $0 != 1 }) == shape.filter({ $0 != 1 }) else {
      throw .tensorShape(name: found.name, found: found.description.shape, expected: shape)
    }
    note(found, role)
  }

  // MARK: - What nothing asked for

  /// Counts what is left aside by rule. Layers past the model's last are refused: the configuration, or the file, is of
  /// another model.
  private func checkUnread(_ description: ModelDescription) throws(EngineError) {
    let prefixes = description.skippedPrefixes
    let stacks = Set(seen.compactMap { Self.layer(of: $0)?.stack })
    for name in checkpoint.tensorNames where !seen.contains(name) {
      if prefixes.contains(where: { name.hasPrefix($0) }) {
        stored.skipped += 1
      } else if let (stack, layer) = Self.layer(of: name), stacks.contains(stack),
        layer >= description.layers.count
      {
        throw .configuration(
          field: "num_hidden_layers",
          rule: "is \(description.layers.count), and there is a tensor "
            + name.quotedForMessage(limit: 64))
      }
    }
  }

  /// `model.layers.7.mlp…` is layer 7 of the stack `model.layers.`.
  private static func layer(of name: String) -> (stack: Substring, Int)? {
    guard let range = name.firstRange(of: "layers.") else { return nil }
    let digits = name[range.upperBound...].prefix { $0.isASCII && $0.isNumber }
    return Int(digits).map { (name[..<range.upperBound], $0) }
  }

  /// A head beside a configuration that says the embedding is the head must be the embedding: samples are compared.
  private func checkTiedHead(_ description: ModelDescription) throws {
    guard description.head == nil, let head = find("lm_head.weight"),
      let embedding = find(description.embedding.name), head.name != embedding.name
    else { return }
    let isSame =
      head.description == embedding.description
      ? try Self.samplesAgree(
        checkpoint.tensor(named: head.name), checkpoint.tensor(named: embedding.name)) : false
    guard isSame else {
      throw EngineError.configuration(
        field: "tie_word_embeddings",
        rule: "is true, and \(head.name.quotedForMessage(limit: 64)) is not the embedding")
    }
  }

  private static func samplesAgree(_ x: StoredTensor?, _ y: StoredTensor?) -> Bool {
    guard let x, let y, x.bytes.count == y.bytes.count else { return false }
    let (count, width) = (64, 64)
    return (0..<count).allSatisfy { sample in
      let start = max(0, x.bytes.count - width) / count * sample
      let end = min(x.bytes.count, start + width)
      return x.bytes[start..<end].elementsEqual(y.bytes[start..<end])
    }
  }

  private func note(_ found: Found, _ role: ParameterRole) {
    guard seen.insert(found.name).inserted else { return }
    stored.tensors += 1
    stored.byteCount += found.description.byteCount
    stored.bytesByType["\(found.description.type)", default: 0] += found.description.byteCount
    stored.bytesByRole[role, default: 0] += found.description.byteCount
  }
}
