// Checkpoints whose parts contradict each other: each is refused when it is opened, not when it has answered.

import Foundation
import Inference
import StrictJSON
import TestSupport
import Testing

@Suite struct LieTests {
  /// A copy of a fixture with a changed configuration and header.
  private func refusal(
    _ name: String, config: [String: JSONValue] = [:],
    header change: (String) -> String = { $0 }
  ) throws -> EngineError? {
    let folder = try ScratchFolder()
    let source = CheckpointFixtures.path(name)
    var object = try #require(try Checkpoint(path: source).config.object)
    for (key, value) in config { object[key] = value }
    try folder.file("config.json", JSONValue.object(object).text())
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: source + "/model.safetensors")))
    let length = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
    let header = Array(change(String(decoding: bytes[8..<(8 + length)], as: UTF8.self)).utf8)
    let prefix = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    try folder.file("model.safetensors", bytes: prefix + header + bytes[(8 + length)...])
    do {
      let checkpoint = try Checkpoint(path: folder.path)
      try CheckpointAudit.check(Architectures.describe(checkpoint), checkpoint)
      return nil
    } catch let error as EngineError {
      return error
    }
  }

  private func field(_ error: EngineError?) -> String? {
    if case .configuration(let field, _) = error { field } else { nil }
  }

  @Test(
    "numbers stored as integers are no weights",
    arguments: ["model.norm.weight", "model.layers.0.self_attn.q_proj.weight"], ["I32", "U32"])
  func integers(tensor: String, type: String) throws {
    let found = try refusal("qwen3_moe") { header in
      let start = header.firstRange(of: "\"\(tensor)\"")
      let type = "\"\(type)\""
      guard let start, let old = header[start.upperBound...].firstRange(of: "\"F32\"") else {
        return header
      }
      return header.replacingCharacters(in: old, with: type)
    }
    guard case .tensorType(tensor, type, _)? = found else {
      Issue.record("\(found.map(String.init(describing:)) ?? "accepted")")
      return
    }
  }

  @Test("layers past the last one that nothing announces are of another model")
  func layers() throws {
    #expect(
      try field(refusal("qwen3_moe", config: ["num_hidden_layers": 1])) == "num_hidden_layers")
  }

  @Test("a head of its own beside a configuration that ties it to the embedding is refused")
  func tied() throws {
    #expect(
      try field(refusal("qwen3_moe", config: ["tie_word_embeddings": true]))
        == "tie_word_embeddings")
  }

  /// Field, value, and what the refusal names.
  private static let values: [(String, JSONValue, String)] = [
    ("max_position_embeddings", 0, "max_position_embeddings"),
    ("num_nextn_predict_layers", -1, "num_nextn_predict_layers"),
    ("rope_scaling", ["factor": 2], "rope_scaling.rope_type"),
    ("rope_scaling", ["type": "yarn", "rope_type": "linear", "factor": 2], "rope_scaling.type"),
    (
      "rope_scaling",
      [
        "type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 1,
        "original_max_position_embeddings": 64,
      ], "rope_scaling.high_freq_factor"
    ),
    (
      "rope_scaling",
      [
        "type": "yarn", "factor": 4, "original_max_position_embeddings": 64,
        "attention_factor": -1,
      ], "rope_scaling.attention_factor"
    ),
  ]

  @Test(
    "values that contradict each other, or mean nothing, are refused", arguments: values.indices)
  func contradictions(index: Int) throws {
    let (key, value, named) = Self.values[index]
    #expect(try field(refusal("qwen3_moe", config: [key: value])) == named)
  }

  @Test("windows and clips of nothing are refused")
  func nothing() throws {
    #expect(try field(refusal("mixtral", config: ["sliding_window": 0])) == "sliding_window")
    #expect(try field(refusal("olmoe", config: ["clip_qkv": 0])) == "clip_qkv")
  }
}
