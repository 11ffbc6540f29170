// Every family against Hugging Face transformers: scores, experts and greedy tokens of the fixtures.

import Foundation
import Inference
import Testing

@Suite struct GoldenTests {
  /// Families with recurrent layers, where the reference's own two paths differ by about 1e-5 and more.
  private static let recurrent: Set<String> = [
    "qwen3_next", "qwen3_5_moe", "qwen3_5_moe_text", "kimi_linear", "jamba", "granitemoehybrid",
  ]
  /// GGUF has no field for what these two need: llama4's chunk length, floor scale and layers without rotation, and
  /// that the weights of qwen3_moe_yarn_tied are not renormalised.
  private static let inexpressible: Set<String> = ["llama4", "qwen3_moe_yarn_tied"]

  private static func path(_ name: String, _ file: String = "") -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/checkpoints/\(name)/\(file)").path
  }

  static let withGGUF = Fixture.names.filter {
    FileManager.default.fileExists(atPath: path($0, "model-f32.gguf"))
      && !inexpressible.contains($0)
  }

  @Test(
    "a checkpoint gives the reference's scores, experts and greedy tokens", arguments: Fixture.names
  )
  func safetensors(_ name: String) throws { try check(name, Self.path(name)) }

  @Test("the same checkpoint as GGUF gives the same answers", arguments: withGGUF)
  func gguf(_ name: String) throws { try check(name, Self.path(name, "model-f32.gguf")) }

  @Test("no fixture is left out: every family of the registry that has one is here")
  func complete() throws {
    #expect(Fixture.names.count == 46)
    #expect(Self.withGGUF.count == 28)
  }

  private func check(_ name: String, _ model: String) throws {
    let checkpoint = try Checkpoint(path: model)
    let description = try Architectures.describe(checkpoint)
    try CheckpointAudit.check(description, checkpoint)
    let golden = try Golden(Self.path(name, "golden.safetensors"))
    let tolerance: Float = Self.recurrent.contains(name) ? 5e-3 : 1e-3
    for (threads, chunk) in [(1, 64), (2, 5), (1, 1)] {
      let decoder = try Decoder(
        description, weights: CheckpointWeights(checkpoint),
        options: DecoderOptions(threads: threads, positions: 64, batch: 64, exact: true))
      for sequence in ["a", "b"] {
        let tokens = try #require(golden.integers("\(sequence).input_ids")?.first)
        let greedy = try #require(golden.integers("\(sequence).greedy_ids")?.first)
        let evaluation = try Evaluation(
          decoder, tokens: tokens, chunk: chunk, greedy: greedy.count)
        let place = Comment("\(name), sequence \(sequence), chunks of \(chunk), \(threads) threads")
        let scores = try #require(golden.floats("\(sequence).logits"))
        #expect(difference(evaluation.logits, scores) <= tolerance, place)
        #expect(evaluation.greedy == greedy, place)
        expectRouting(evaluation, golden, sequence, place)
      }
    }
  }

  private func expectRouting(
    _ evaluation: Evaluation, _ golden: Golden, _ sequence: String, _ place: Comment
  ) {
    #expect(evaluation.routing.map(\.layer) == golden.routedLayers(sequence), place)
    for choices in evaluation.routing {
      let k = choices.expertsPerToken
      let rows = stride(from: 0, to: choices.experts.count, by: k).map { start in
        choices.experts[start..<(start + k)].map(Int.init)
      }
      let expected = golden.integers("\(sequence).layer\(choices.layer).router.experts")
      #expect(rows == expected, "layer \(choices.layer), \(place)")
    }
  }
}
