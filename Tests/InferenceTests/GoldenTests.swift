// Every family against Hugging Face transformers: scores, routing and greedy continuation of its fixture.

import Inference
import TestSupport
import Testing

@Suite struct GoldenTests {
  @Test(
    "scores, experts and greedy tokens are the reference's, whatever the chunks and threads",
    arguments: Fixture.names)
  func scores(_ name: String) throws {
    let fixture = try Fixture(name)
    try CheckpointAudit.check(fixture.description, fixture.checkpoint)
    for (chunk, threads) in [(64, 1), (5, 1), (1, 1), (64, 2), (5, 2)] {
      try check(fixture, name, chunk: chunk, threads: threads)
    }
  }

  /// Where `scores` fails, this says from which layer on. The largest differences are 7e-5 and, of a recurrent family,
  /// 1.1e-4 of values up to 50.
  @Test("every layer leaves the reference's residual stream", arguments: Fixture.names, ["a", "b"])
  func layers(_ name: String, prompt: String) throws {
    let golden = try Golden(name, prompt: prompt)
    let decoder = try Fixture(name).decoder()
    try #require(golden.layers.count == decoder.description.layers.count)
    var worst = [Float](repeating: 0, count: golden.layers.count)
    decoder.layerBoundary = { next in
      guard next > 0 else { return }
      let stream = decoder.residualStream
      let wanted = golden.layers[next - 1]
      let found = UnsafeBufferPointer(start: stream[0], count: stream.rows * stream.columns)
      worst[next - 1] = difference([Array(found)], [wanted])
    }
    try decoder.forward([(0, golden.tokens[...])], scoring: .none)
    let first = worst.firstIndex { $0 > Golden.bound(name) }
    #expect(first == nil, "largest difference by layer: \(worst)")
  }

  @Test(
    "config.json as transformers 5 writes it describes the same model",
    arguments: CheckpointFixtures.names(with: "config.v5.json"))
  func secondConfiguration(_ name: String) throws {
    try check(try Fixture(name, configuration: "config.v5.json"), name, chunk: 64, threads: 1)
  }

  @Test("every family of the registry has a fixture")
  func complete() throws {
    let types = try Fixture.names.map { try Fixture($0).checkpoint.config["model_type"]?.string }
    let missing = Architectures.modelTypes.filter { !types.contains($0) }
    #expect(missing == [])
    // A fixture that lost its second configuration or its GGUF file would be checked less.
    #expect(Fixture.names.count == 46)
    #expect(CheckpointFixtures.names(with: "config.v5.json").count == 44)
    #expect(CheckpointFixtures.names(with: "model-f32.gguf").count == 30)
  }

  /// Families of which GGUF metadata keep no `norm_topk_prob`, or none of the chunks and scales of attention.
  private static let partlyDescribed = ["llama4", "qwen3_moe_yarn_tied"]

  @Test(
    "a GGUF file gives the answers of the safetensors it was made from",
    arguments: CheckpointFixtures.names(with: "model-f32.gguf"))
  func gguf(_ name: String) throws {
    let configuration = Self.partlyDescribed.contains(name) ? "config.v5.json" : nil
    let fixture = try Fixture(name, configuration: configuration, weights: "model-f32.gguf")
    for chunk in [64, 5] { try check(fixture, name, chunk: chunk, threads: 2) }
  }

  private func check(_ fixture: Fixture, _ name: String, chunk: Int, threads: Int) throws {
    let decoder = try fixture.decoder(threads: threads)
    for prompt in ["a", "b"] {
      let golden = try Golden(name, prompt: prompt)
      let found = try Evaluation(
        decoder, tokens: golden.tokens, chunk: chunk, greedy: golden.greedy.count)
      let divergence = golden.divergence(of: found, tolerance: Golden.bound(name))
      #expect(
        divergence == nil,
        "prompt \(prompt), chunks of \(chunk), \(threads) threads: \(divergence ?? "")")
    }
  }
}
