// A GGUF model's metadata by the keys of its architecture, and what its tensors say that metadata leave out.

import StrictJSON

/// What a family's translation reads: keys `ARCHITECTURE.*`, and the presence and shapes of tensors.
struct GGUFHeader {
  let source: GGUFSource
  let architecture: String
  /// Blocks that belong to the model proper, without extra layers that predict several tokens ahead.
  let layers: Int
  /// All blocks, those included.
  let blocks: Int
  let hidden: Int
  let heads: Int
  let experts: Int

  private static let layerLimit = 4096
  private static let valueLimit = 1 << 31

  init(_ source: GGUFSource, _ architecture: String) throws(CheckpointError) {
    self.source = source
    self.architecture = architecture
    let metadata = source.metadata
    func positive(_ key: String, limit: Int) throws(CheckpointError) -> Int {
      let key = "\(architecture).\(key)"
      guard let value = try metadata.int(key) else {
        throw CheckpointError(metadata.file, .missing, at: .field(key))
      }
      guard (1...limit).contains(value) else {
        throw metadata.refusal(key, "is \(value), outside 1...\(limit)")
      }
      return value
    }
    blocks = try positive("block_count", limit: Self.layerLimit)
    let extra = try metadata.int("\(architecture).nextn_predict_layers") ?? 0
    guard extra >= 0, extra < blocks else {
      throw metadata.refusal(
        "\(architecture).nextn_predict_layers", "is \(extra) of \(blocks) blocks")
    }
    layers = blocks - extra
    for block in layers..<blocks {
      let prefix = "blk.\(block)."
      let names = source.names.filter { $0.hasPrefix(prefix) }
      guard names.isEmpty || names.contains(where: { $0.hasPrefix(prefix + "nextn.") }) else {
        throw metadata.refusal(
          "\(architecture).nextn_predict_layers", "is \(extra), and \(prefix)* is no such layer")
      }
    }
    hidden = try positive("embedding_length", limit: 1 << 20)
    heads = try positive("attention.head_count", limit: 1 << 16)
    experts = try positive("expert_count", limit: 1 << 16)
  }

  var metadata: GGUFMetadata { source.metadata }
  var file: String { metadata.file }

  func key(_ name: String) -> String { "\(architecture).\(name)" }

  // MARK: - Metadata

  func has(_ name: String) -> Bool { metadata[key(name)] != nil }

  func optionalInt(_ name: String) throws(CheckpointError) -> Int? {
    guard let value = try metadata.int(key(name)) else { return nil }
    guard (0...Self.valueLimit).contains(value) else {
      throw metadata.refusal(key(name), "is \(value), outside 0...\(Self.valueLimit)")
    }
    return value
  }

  /// The number, where the key holds one and no list.
  private func optionalInt(ifScalar name: String) throws(CheckpointError) -> Int? {
    metadata[key(name)]?.array == nil ? try optionalInt(name) : nil
  }

  func int(_ name: String, _ fallback: Int? = nil) throws(CheckpointError) -> Int {
    guard let value = try optionalInt(name) ?? fallback else {
      throw CheckpointError(file, .missing, at: .field(key(name)))
    }
    return value
  }

  func positive(_ name: String, _ fallback: Int? = nil) throws(CheckpointError) -> Int {
    let value = try int(name, fallback)
    guard value > 0 else { throw metadata.refusal(key(name), "is 0") }
    return value
  }

  func positive(either first: String, or second: String) throws(CheckpointError) -> Int {
    try positive(has(first) ? first : second)
  }

  func optionalDouble(_ name: String) throws(CheckpointError) -> Double? {
    try metadata.double(key(name))
  }

  func double(_ name: String, _ fallback: Double? = nil) throws(CheckpointError) -> Double {
    guard let value = try optionalDouble(name) ?? fallback else {
      throw CheckpointError(file, .missing, at: .field(key(name)))
    }
    return value
  }

  func bool(_ name: String, _ fallback: Bool) throws(CheckpointError) -> Bool {
    try metadata.bool(key(name)) ?? fallback
  }

  func optionalString(_ name: String) throws(CheckpointError) -> String? {
    try metadata.string(key(name))
  }

  func refusal(_ name: String, _ rule: String) -> CheckpointError {
    metadata.refusal(key(name), rule)
  }

  /// Refuses a router's function other than the family's own: 1 softmax, 2 sigmoid; 0 is how converters leave it open.
  func requireGating(_ function: Int) throws(CheckpointError) {
    guard let found = try optionalInt("expert_gating_func"), found != 0, found != function else {
      return
    }
    throw refusal("expert_gating_func", "\(found) is not implemented (only \(function))")
  }

  /// A list with an entry for each layer; a single number counts for all of them.
  func integers(_ name: String) throws(CheckpointError) -> [Int]? {
    if let one = metadata[key(name)]?.int { return Array(repeating: one, count: layers) }
    guard let list = try metadata.integers(key(name)) else { return nil }
    return try perLayer(list, name)
  }

  func booleans(_ name: String) throws(CheckpointError) -> [Bool]? {
    guard let list = try metadata.booleans(key(name)) else { return nil }
    return try perLayer(list, name)
  }

  private func perLayer<T>(_ list: [T], _ name: String) throws(CheckpointError) -> [T] {
    guard list.count >= layers else {
      throw refusal(name, "has \(list.count) entries for \(layers) layers")
    }
    return Array(list.prefix(layers))
  }

  // MARK: - Tensors

  func holds(_ tensor: String) -> Bool { source.entry(tensor) != nil }

  func holds(_ layer: Int, _ suffix: String) -> Bool { holds("blk.\(layer).\(suffix)") }

  func anyLayerHolds(_ suffix: String) -> Bool { (0..<layers).contains { holds($0, suffix) } }

  func shape(_ tensor: String) throws(CheckpointError) -> [Int] {
    guard let entry = source.entry(tensor) else {
      throw CheckpointError(file, .missing, at: .tensor(tensor))
    }
    return entry.shape
  }

  /// Layers whose feed-forward block is not a mixture.
  var denseLayers: [Int] { (0..<layers).filter { !holds($0, "ffn_down_exps.weight") } }

  /// How many layers at the start are dense; refuses any other pattern.
  func leadingDenseLayers() throws(CheckpointError) -> Int {
    let dense = denseLayers
    guard dense == Array(0..<dense.count) else {
      throw refusal("leading_dense_block_count", "dense layers \(dense) are not the first ones")
    }
    return dense.count
  }

  func headDimension() throws(CheckpointError) -> Int {
    if let length = try optionalInt("attention.key_length"), length > 0 { return length }
    guard hidden % heads == 0 else {
      throw refusal("attention.head_count", "\(heads) does not divide \(hidden)")
    }
    return hidden / heads
  }

  /// Key-value heads; where layers differ, the number of those that have any.
  func keyValueHeads() throws(CheckpointError) -> Int {
    if try optionalInt(ifScalar: "attention.head_count_kv") == 0 {
      throw refusal("attention.head_count_kv", "is 0")
    }
    let counts = Set(try integers("attention.head_count_kv") ?? [heads]).subtracting([0])
    if let count = counts.first, counts.count == 1, count > 0 { return count }
    // The converter wrote zeros for a hybrid whose layer kinds it did not know.
    let layer = (0..<layers).first { holds($0, "attn_k.weight") }
    guard counts.isEmpty, let layer else {
      throw refusal("attention.head_count_kv", "differs from layer to layer")
    }
    let rows = try shape("blk.\(layer).attn_k.weight").first ?? 0
    let dimension = try headDimension()
    guard rows > 0, rows % dimension == 0 else {
      throw CheckpointError(
        file, .shape("\(rows) rows are not heads of \(dimension)"),
        at: .tensor("blk.\(layer).attn_k.weight"))
    }
    return rows / dimension
  }

  /// The values of a small tensor of floats.
  func floats(_ tensor: String) throws(CheckpointError) -> [Float]? {
    guard let stored = try source.tensor(tensor) else { return nil }
    guard stored.elements <= 1 << 16 else {
      throw CheckpointError(
        file, .shape("has \(stored.elements) elements"), at: .tensor(tensor))
    }
    var values = [Float](repeating: 0, count: stored.elements)
    var failure: CheckpointError?
    values.withUnsafeMutableBufferPointer { buffer in
      do throws(CheckpointError) { try stored.dequantize(into: buffer) } catch { failure = error }
    }
    if let failure { throw failure }
    return values
  }
}
