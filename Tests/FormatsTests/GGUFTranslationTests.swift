// Every fixture's GGUF file against its safetensors: the same tensors to the bit, the same configuration.

import Foundation
import Inference
import StrictJSON
import TestSupport
import Testing

@Suite struct GGUFTranslationTests {
  private static let fixtures = CheckpointFixtures.names(with: "model-f32.gguf")

  @Test("the fixtures with both containers are there")
  func present() {
    #expect(Self.fixtures.count >= 30)
  }

  @Test("every tensor of the safetensors comes out of the GGUF file", arguments: fixtures)
  func tensors(name: String) throws {
    let original = try Checkpoint(path: CheckpointFixtures.path(name))
    let translated = try Checkpoint(path: CheckpointFixtures.path(name, "model-f32.gguf"))
    #expect(translated.container == .gguf)
    for hubName in original.tensorNames {
      let expected = try #require(try original.tensor(named: hubName))
      let wanted = Self.textName(hubName)
      if let found = try translated.tensor(named: wanted) {
        #expect(Self.squeezed(found.shape) == Self.squeezed(expected.shape), "\(wanted)")
        #expect(translated.description(ofTensor: wanted)?.byteCount == found.bytes.count)
        let difference = Self.largestDifference(found, expected)
        #expect(difference <= Self.tolerance(name, wanted), "\(wanted): \(difference)")
      } else {
        try expectStack(translated, wanted, expected)
      }
    }
  }

  @Test("no tensor of the GGUF file is invented", arguments: fixtures)
  func names(name: String) throws {
    let original = Set(
      try Checkpoint(path: CheckpointFixtures.path(name)).tensorNames.map(Self.textName))
    let translated = try Checkpoint(path: CheckpointFixtures.path(name, "model-f32.gguf"))
      .tensorNames
    #expect(translated.filter { !original.contains($0) }.isEmpty)
    #expect(Set(translated).count == translated.count)
  }

  @Test("the configuration agrees with config.json", arguments: fixtures)
  func configuration(name: String) throws {
    let hub = try Checkpoint(path: CheckpointFixtures.path(name)).config
    let original = hub["text_config"] ?? hub
    let translated = try Checkpoint(path: CheckpointFixtures.path(name, "model-f32.gguf")).config
    let ignored = Self.lost[name] ?? []
    var compared = 0
    for member in try #require(translated.object).members where !ignored.contains(member.key) {
      guard let expected = original[member.key] else { continue }
      compared += 1
      let texts = (try Self.shown(member.value), try Self.shown(expected))
      #expect(Self.agree(member.value, expected), "\(member.key): \(texts)")
    }
    #expect(compared >= 10)
  }

  /// What llama.cpp's converter does not write, or writes otherwise, for these fixtures.
  private static let lost: [String: Set<String>] = [
    // One architecture for several families of the hub.
    "kimi_k2": ["model_type"], "glm4_moe_lite": ["model_type"],
    // The converter's fixed epsilon.
    "olmoe": ["rms_norm_eps"],
    // llama.cpp always renormalises.
    "qwen3_moe_yarn_tied": ["norm_topk_prob"],
    // The converter reads it from another place.
    "phimoe": ["original_max_position_embeddings"],
    // Window, temperature and which layers rotate are built into llama.cpp; divisors are a tensor.
    "llama4": ["rope_scaling", "attention_chunk_size", "floor_scale", "no_rope_layers"],
    // Multi-modal sections make no difference to text.
    "qwen3_5_moe": ["rope_parameters"],
    // Declared for the longest text the hybrid was built for.
    "granitemoehybrid": ["max_position_embeddings"],
  ]

  private static func shown(_ value: JSONValue) throws -> String { try value.text() }

  private static func agree(_ a: JSONValue, _ b: JSONValue) -> Bool {
    if let x = a.double, let y = b.double { return abs(x - y) <= 1e-7 * max(abs(x), abs(y)) }
    if let x = a.array, let y = b.array { return x.count == y.count && zip(x, y).allSatisfy(agree) }
    if let x = a.object, let y = b.object {
      return x.members.allSatisfy { member in y[member.key].map { agree(member.value, $0) } ?? true
      }
    }
    return a == b
  }

  // MARK: - Tensors

  /// The name in a checkpoint that holds the text decoder alone.
  private static func textName(_ name: String) -> String {
    if name.hasPrefix("language_model.") { return String(name.dropFirst("language_model.".count)) }
    return name.replacing("model.language_model.", with: "model.")
  }

  private static func squeezed(_ shape: [Int]) -> [Int] { shape.filter { $0 != 1 } }

  /// Stored as 1 + w or as -exp(a): the original is lost to the rounding of that, and only of that.
  private static func tolerance(_ fixture: String, _ name: String) -> Float {
    if name.hasSuffix("A_log") { return 1e-6 }
    let isHybrid = fixture == "qwen3_next" || fixture == "qwen3_5_moe"
    return isHybrid && name.hasSuffix("norm.weight") ? 1.2e-7 : 0
  }

  private static func floats(_ tensor: StoredTensor) -> [Float] {
    (0..<tensor.elements).map {
      tensor.bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self)
    }
  }

  private static func largestDifference(_ a: StoredTensor, _ b: StoredTensor) -> Float {
    guard a.type == b.type, a.bytes.count == b.bytes.count else { return .infinity }
    guard !a.bytes.elementsEqual(b.bytes) else { return 0 }
    guard a.type == .f32 else { return .infinity }
    return zip(floats(a), floats(b)).map { abs($0 - $1) }.max() ?? 0
  }

  /// A layout that is not rebuilt: `[E, in, out]`, gate and up in alternate columns or in halves.
  private func expectStack(
    _ translated: Checkpoint, _ name: String, _ expected: StoredTensor
  ) throws {
    let isInterleaved = name.contains("mlp.experts")
    let first = name.replacing("down_proj", with: "gate_up_proj").replacing("_bias", with: "")
    let stack = try #require(try translated.stackedExperts(first), "\(name)")
    let values = Self.floats(expected)
    if name.hasSuffix("down_proj_bias") {
      #expect(try Self.floats(#require(stack.downBias)) == values)
    } else if name.hasSuffix("gate_up_proj_bias") {
      let (gate, up) = (try #require(stack.gateBias), try #require(stack.upBias))
      #expect(Self.floats(gate) == values.indices.filter { $0 % 2 == 0 }.map { values[$0] })
      #expect(Self.floats(up) == values.indices.filter { $0 % 2 == 1 }.map { values[$0] })
    } else if name.hasSuffix("down_proj") {
      #expect(Self.transposed(expected) { $0 } == Self.floats(stack.down))
    } else {
      let half = expected.shape[2] / 2
      let gate = Self.transposed(expected, rows: half) { isInterleaved ? 2 * $0 : $0 }
      let up = Self.transposed(expected, rows: half) { isInterleaved ? 2 * $0 + 1 : half + $0 }
      #expect(gate == Self.floats(stack.gate), "\(name)")
      #expect(up == Self.floats(stack.up), "\(name)")
    }
  }

  /// Rows out of the columns `column(row)` of each matrix.
  private static func transposed(
    _ tensor: StoredTensor, rows: Int? = nil, column: (Int) -> Int
  ) -> [Float] {
    let (values, shape) = (floats(tensor), tensor.shape)
    var result: [Float] = []
    for expert in 0..<shape[0] {
      for row in 0..<(rows ?? shape[2]) {
        for input in 0..<shape[1] {
          result.append(values[(expert * shape[1] + input) * shape[2] + column(row)])
        }
      }
    }
    return result
  }
}
