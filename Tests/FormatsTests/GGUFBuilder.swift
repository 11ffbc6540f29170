// Writes GGUF files for tests, sound or not.

/// A GGUF file in the making; every part can be wrong.
struct GGUFBuilder {
  var magic = Array("GGUF".utf8)
  var version: UInt32 = 3
  var pairs: [[UInt8]] = []
  var tensors: [[UInt8]] = []
  var pairCount: UInt64?
  var tensorCount: UInt64?
  var alignment = 32
  var data: [UInt8] = []

  static func string(_ text: String) -> [UInt8] {
    littleEndian(UInt64(text.utf8.count)) + Array(text.utf8)
  }

  mutating func add(_ key: String, type: UInt32, _ value: [UInt8]) {
    pairs.append(Self.string(key) + littleEndian(type) + value)
  }

  mutating func add(_ key: String, _ text: String) { add(key, type: 8, Self.string(text)) }

  mutating func add(_ key: String, _ value: UInt32) { add(key, type: 4, littleEndian(value)) }

  mutating func add(_ key: String, _ value: Float) {
    add(key, type: 6, littleEndian(value.bitPattern))
  }

  mutating func add(_ key: String, _ texts: [String]) {
    add(
      key, type: 9,
      littleEndian(UInt32(8)) + littleEndian(UInt64(texts.count)) + texts.flatMap(Self.string))
  }

  /// A tensor's description; `shape` innermost first, as in the file.
  mutating func describe(_ name: String, _ shape: [UInt64], type: UInt32 = 0, offset: UInt64) {
    tensors.append(
      Self.string(name) + littleEndian(UInt32(shape.count)) + shape.flatMap { littleEndian($0) }
        + littleEndian(type) + littleEndian(offset))
  }

  /// A tensor of zeros behind the others.
  mutating func add(tensor name: String, _ shape: [UInt64], type: UInt32 = 0, bytes: Int) {
    describe(name, shape, type: type, offset: UInt64(data.count))
    data += [UInt8](repeating: 0, count: (bytes + alignment - 1) / alignment * alignment)
  }

  var bytes: [UInt8] {
    var all = magic + littleEndian(version)
    all += littleEndian(tensorCount ?? UInt64(tensors.count))
    all += littleEndian(pairCount ?? UInt64(pairs.count))
    all += pairs.flatMap { $0 } + tensors.flatMap { $0 }
    all += [UInt8](repeating: 0, count: (alignment - all.count % alignment) % alignment)
    return all + data
  }

  /// A mixture of one layer that opens.
  static func smallest() -> GGUFBuilder {
    var builder = GGUFBuilder()
    builder.add("general.architecture", "olmoe")
    for (key, value) in [
      ("block_count", 1), ("context_length", 64), ("embedding_length", 32),
      ("feed_forward_length", 32), ("attention.head_count", 4), ("attention.head_count_kv", 4),
      ("expert_count", 2), ("expert_used_count", 1),
    ] { builder.add("olmoe." + key, UInt32(value)) }
    builder.add("olmoe.attention.layer_norm_rms_epsilon", Float(1e-5))
    builder.add("tokenizer.ggml.tokens", ["a", "b", "c"])
    builder.add(tensor: "token_embd.weight", [32, 3], bytes: 384)
    for part in ["gate", "up", "down"] {
      builder.add(tensor: "blk.0.ffn_\(part)_exps.weight", [32, 32, 2], type: 8, bytes: 2176)
    }
    builder.add(tensor: "output_norm.weight", [32], bytes: 128)
    return builder
  }
}
