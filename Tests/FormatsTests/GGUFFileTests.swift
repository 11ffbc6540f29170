// Sound GGUF files open, every way to be wrong is refused with file, key or tensor, offset and rule.

import Foundation
import Inference
import Testing

@Suite struct GGUFFileTests {
  private func refusal(_ bytes: [UInt8]) throws -> CheckpointError? {
    let folder = try TemporaryFolder()
    try folder.write("m.gguf", bytes)
    return folder.refusal("m.gguf")
  }

  @Test("a small model opens, in versions 2 and 3, by its file and by its folder")
  func sound() throws {
    for version in [2, 3] as [UInt32] {
      var builder = GGUFBuilder.smallest()
      builder.version = version
      let folder = try TemporaryFolder()
      try folder.write("m.gguf", builder.bytes)
      for path in [folder.file("m.gguf"), folder.path] {
        let checkpoint = try Checkpoint(path: path)
        #expect(checkpoint.config["rms_norm_eps"]?.number?.text == "1e-05")
        #expect(checkpoint.config["vocab_size"]?.int == 3)
        #expect(try checkpoint.ggufMetadata?.strings("tokenizer.ggml.tokens") == ["a", "b", "c"])
        let expert = "model.layers.0.mlp.experts.1.down_proj.weight"
        let tensor = try #require(try checkpoint.tensor(named: expert))
        #expect(tensor.type == .q8_0 && tensor.shape == [32, 32] && tensor.bytes.count == 1088)
        #expect(checkpoint.tensorNames.contains(expert))
        for wrong in ["2", "01", "-1", "{}", ""] {
          let name = expert.replacing("experts.1", with: "experts.\(wrong)")
          #expect(wrong == "{}" || !checkpoint.holds(name))
        }
      }
    }
  }

  @Test("a file cut anywhere in its header or data is refused")
  func truncated() throws {
    let bytes = GGUFBuilder.smallest().bytes
    for count in Array(0..<600) + [bytes.count - 1, bytes.count - 129] where count < bytes.count {
      let error = try #require(try refusal(Array(bytes.prefix(count))), "\(count)")
      #expect(error.exitStatus == 65 && error.file.hasSuffix("m.gguf"))
    }
  }

  typealias Change = @Sendable (inout GGUFBuilder) -> Void

  static let changes: [(String, Change)] = [
    ("magic", { $0.magic = Array("GGUX".utf8) }),
    ("version 0", { $0.version = 0 }),
    ("version 1", { $0.version = 1 }),
    ("version 4", { $0.version = 4 }),
    ("big-endian", { $0.version = 3 << 24 }),
    ("too many tensors", { $0.tensorCount = 1 << 62 }),
    ("too many pairs", { $0.pairCount = .max }),
    ("one tensor too many", { $0.tensorCount = UInt64($0.tensors.count + 1) }),
    ("duplicate key", { $0.add("olmoe.block_count", UInt32(1)) }),
    ("empty key", { $0.add("", UInt32(1)) }),
    ("unknown value type", { $0.add("x", type: 13, [0]) }),
    ("boolean 2", { $0.add("x", type: 7, [2]) }),
    (
      "array of booleans 2",
      { $0.add("x", type: 9, littleEndian(UInt32(7)) + littleEndian(UInt64(1)) + [2]) }
    ),
    (
      "array of arrays",
      { $0.add("x", type: 9, littleEndian(UInt32(9)) + littleEndian(UInt64(1)) + [0, 0, 0, 0]) }
    ),
    (
      "endless array",
      { $0.add("x", type: 9, littleEndian(UInt32(0)) + littleEndian(UInt64(1) << 60)) }
    ),
    (
      "endless array of 8-byte values",
      { $0.add("x", type: 9, littleEndian(UInt32(10)) + littleEndian(UInt64(1) << 61)) }
    ),
    ("endless string", { $0.add("x", type: 8, littleEndian(UInt64.max)) }),
    ("string of invalid UTF-8", { $0.add("x", type: 8, littleEndian(UInt64(1)) + [0xff]) }),
    ("alignment 0", { $0.add("general.alignment", UInt32(0)) }),
    ("alignment 3", { $0.add("general.alignment", UInt32(3)) }),
    ("alignment of 2^31", { $0.add("general.alignment", UInt32(1) << 31) }),
    ("alignment as text", { $0.add("general.alignment", "32") }),
    ("five dimensions", { $0.describe("t", [1, 1, 1, 1, 1], offset: 0) }),
    ("dimension of 2^63", { $0.describe("t", [1 << 63], offset: 0) }),
    ("overflowing shape", { $0.describe("t", [1 << 32, 1 << 32], offset: 0) }),
    ("overflowing size", { $0.describe("t", [1 << 61], offset: 0) }),
    ("duplicate tensor", { $0.add(tensor: "output_norm.weight", [32], bytes: 128) }),
    ("removed type", { $0.describe("t", [32], type: 4, offset: 0) }),
    ("unknown type", { $0.describe("t", [32], type: 999, offset: 0) }),
    ("partial block", { $0.describe("t", [33], type: 8, offset: 0) }),
    ("offset off the alignment", { $0.describe("t", [1], offset: 4) }),
    ("offset beyond the file", { $0.describe("t", [1], offset: 1 << 40) }),
    ("offset of 2^63", { $0.describe("t", [1], offset: 1 << 63) }),
    ("end beyond the file", { $0.describe("t", [1 << 20], offset: 0) }),
    ("overlap", { $0.describe("t", [32], offset: 32) }),
    ("tensor of no architecture", { $0.add(tensor: "blk.0.nonsense.weight", [32], bytes: 128) }),
  ]

  @Test("a lying file is refused", arguments: changes.map(\.0))
  func lying(change: String) throws {
    var builder = GGUFBuilder.smallest()
    try #require(Self.changes.first { $0.0 == change }).1(&builder)
    let error = try #require(try refusal(builder.bytes))
    #expect(error.exitStatus == 65)
    let line = error.description
    #expect(line.utf8.count <= 300 && line.contains("m.gguf: "), "\(line)")
    #expect(line.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f })
  }

  @Test(
    "metadata out of range or of another type are refused by their key",
    arguments: [
      "block_count", "embedding_length", "attention.head_count", "expert_count",
      "expert_used_count",
    ])
  func metadata(key: String) throws {
    for value in [UInt32(0), UInt32.max] {
      var builder = GGUFBuilder.smallest()
      builder.pairs.removeAll { $0.starts(with: GGUFBuilder.string("olmoe." + key)) }
      #expect(try refusal(builder.bytes)?.place == .field("olmoe." + key))
      builder.add("olmoe." + key, value)
      #expect(try refusal(builder.bytes)?.place == .field("olmoe." + key), "\(value)")
      builder.pairs.removeLast()
      builder.add("olmoe." + key, "1")
      #expect(try refusal(builder.bytes)?.place == .field("olmoe." + key))
    }
  }

  @Test("an experts' stack that is missing or of another count is refused when opening")
  func stacks() throws {
    for part in ["gate", "up"] {
      let name = "blk.0.ffn_\(part)_exps.weight"
      var builder = GGUFBuilder.smallest()
      builder.tensors.removeAll { $0.starts(with: GGUFBuilder.string(name)) }
      #expect(try refusal(builder.bytes)?.place == .tensor(name))
      builder.add(tensor: name, [32, 32, 3], type: 8, bytes: 3264)
      #expect(try refusal(builder.bytes)?.place == .tensor(name))
    }
  }

  @Test("an architecture nobody knows is refused by name")
  func architecture() throws {
    var builder = GGUFBuilder.smallest()
    builder.pairs.removeFirst()
    builder.add("general.architecture", "gpt5\n\u{1b}[31m")
    let error = try #require(try refusal(builder.bytes))
    #expect(error.place == .field("general.architecture"))
    #expect(error.description.contains(#"gpt5\u{a}\u{1b}[31m"#))
  }

  @Test("an array of 90 GiB in a file of 100 GiB that holds nothing is refused")
  func sparse() throws {
    var builder = GGUFBuilder.smallest()
    builder.add("x", type: 9, littleEndian(UInt32(0)) + littleEndian(UInt64(90) << 30))
    let folder = try TemporaryFolder()
    try folder.writeSparse("m.gguf", builder.bytes, size: 100 << 30)
    #expect(folder.refusal("m.gguf")?.exitStatus == 65)
  }
}
