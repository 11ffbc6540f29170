// Reference answers of a fixture, from golden.safetensors, and where an evaluation first leaves them.

import Inference
import TestSupport

/// What Hugging Face transformers computes for one prompt of a fixture (Tests/Fixtures/make_fixtures.py).
struct Golden {
  /// `[tokens]`
  let tokens: [Int]
  /// `[tokens][vocabulary]`
  let logits: [[Float]]
  /// `[decoded]`
  let greedy: [Int]
  /// By layer, `[tokens * experts a token]`, each token's ascending.
  let experts: [Int: [Int32]]
  let weights: [Int: [Float]]
  /// The residual stream after each layer, `[layers][tokens * streams * hidden]`.
  let layers: [[Float]]

  /// Layers with state sum in chunks in the reference and step by step here.
  private static let recurrent = [
    "qwen3_next", "qwen3_5_moe", "qwen3_5_moe_text", "kimi_linear", "jamba", "granitemoehybrid",
  ]

  /// The largest difference of a score that the reference's makers accept.
  static func tolerance(_ name: String) -> Float { recurrent.contains(name) ? 5e-3 : 1e-3 }

  /// Four times what the worst fixture shows on Zen 5 (7e-5 of a recurrent one; 6e-5 of another, whose GGUF file has
  /// an epsilon of its own), as other instruction sets sum in other orders. The README states it.
  static func bound(_ name: String) -> Float { recurrent.contains(name) ? 1e-3 : 3e-4 }

  init(_ name: String, prompt: String) throws {
    try self.init(file: CheckpointFixtures.path(name, "golden.safetensors"), prompt: prompt)
  }

  init(file path: String, prompt: String) throws {
    let file = try Checkpoint(tensorsOf: path)
    func values<T>(_ key: String, as type: T.Type) throws -> [T] {
      guard let tensor = try file.tensor(named: "\(prompt).\(key)") else {
        throw EngineError.missingTensor(name: "\(prompt).\(key)")
      }
      return (0..<tensor.elements).map {
        tensor.bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: type)
      }
    }
    tokens = try values("input_ids", as: Int64.self).map { Int($0) }
    greedy = try values("greedy_ids", as: Int64.self).map { Int($0) }
    let scores = try values("logits", as: Float.self)
    let vocabulary = scores.count / tokens.count
    logits = tokens.indices.map { Array(scores[($0 * vocabulary)..<(($0 + 1) * vocabulary)]) }
    var experts: [Int: [Int32]] = [:]
    var weights: [Int: [Float]] = [:]
    for layer in 0..<64 where file.holds("\(prompt).layer\(layer).router.experts") {
      experts[layer] = try values("layer\(layer).router.experts", as: Int32.self)
      weights[layer] = try values("layer\(layer).router.weights", as: Float.self)
    }
    self.experts = experts
    self.weights = weights
    layers = try (0..<64).prefix { file.holds("\(prompt).layer\($0).out") }.map {
      try values("layer\($0).out", as: Float.self)
    }
  }

  /// The first thing in which an evaluation differs, in the order it is computed; nil if nothing does.
  func divergence(of found: Evaluation, tolerance: Float) -> String? {
    let layers = found.routing.map(\.layer)
    guard layers == experts.keys.sorted() else {
      return "mixtures in layers \(layers), not \(experts.keys.sorted())"
    }
    for choices in found.routing {
      if let difference = divergence(of: choices) { return difference }
    }
    for (position, (x, y)) in zip(found.logits, logits).enumerated() {
      guard x.count == y.count else { return "\(x.count) scores, not \(y.count)" }
      for token in x.indices where !(abs(x[token] - y[token]) <= tolerance) {
        return "position \(position), token \(token): \(x[token]), not \(y[token])"
      }
    }
    guard found.logits.count == logits.count else { return "\(found.logits.count) positions" }
    return found.greedy == greedy ? nil : "greedy \(found.greedy), not \(greedy)"
  }

  private func divergence(of choices: RoutingRecorder.Choices) -> String? {
    guard let experts = experts[choices.layer], let weights = weights[choices.layer],
      choices.experts.count == experts.count, weights.count == experts.count
    else { return "layer \(choices.layer): \(choices.experts.count) choices" }
    for i in experts.indices {
      let place = "layer \(choices.layer), position \(i / choices.expertsPerToken): expert "
      guard choices.experts[i] == experts[i] else {
        return place + "\(choices.experts[i]), not \(experts[i])"
      }
      guard abs(choices.weights[i] - weights[i]) <= 1e-4 else {
        return place + "\(experts[i]) weighs \(choices.weights[i]), not \(weights[i])"
      }
    }
    return nil
  }
}
