// Q8_0 in GGUF: the answers of the weights that the blocks stand for, in every family that has a GGUF fixture.

import Inference
import TestSupport
import Testing

@Suite struct QuantizedGGUFTests {
  /// Fixtures that keep any matrix in whole blocks: three are too narrow.
  private static let names = CheckpointFixtures.names(with: "model-f32.gguf").filter {
    !["granitemoehybrid", "jamba", "lfm2_moe"].contains($0)
  }
  /// What one file answers. Metadata leave out something of two families, of both files alike.
  private struct Answer {
    let logits: [[Float]]
    let experts: [[Int32]]
    let greedy: [Int]

    init(_ path: String, _ golden: Golden) throws {
      let checkpoint = try Checkpoint(path: path)
      let description = try Architectures.describe(checkpoint)
      try CheckpointAudit.check(description, checkpoint)
      let decoder = try Decoder(
        description, weights: CheckpointWeights(checkpoint),
        options: DecoderOptions(threads: 1, positions: 64, batch: 64, exact: true))
      let found = try Evaluation(
        decoder, tokens: golden.tokens, chunk: 64, greedy: golden.greedy.count)
      (logits, greedy) = (found.logits, found.greedy)
      experts = found.routing.map(\.experts)
    }
  }

  @Test(
    "Q8_0 gives the answers of its dequantised weights, experts and greedy tokens exactly",
    arguments: names)
  func agrees(_ name: String) throws {
    let original = try GGUFRewriter(CheckpointFixtures.path(name, "model-f32.gguf"))
    let quantizable = original.tensors.filter(\.isQuantizable)
    #expect(!quantizable.isEmpty)
    let folder = try ScratchFolder()
    let blocks = try folder.file(
      "q8_0.gguf",
      bytes: original.bytes {
        $0.isQuantizable ? (8, $0.blocks) : (0, GGUFRewriter.Tensor.bytes($0.floats))
      })
    let floats = try folder.file(
      "f32.gguf",
      bytes: original.bytes {
        (0, GGUFRewriter.Tensor.bytes($0.isQuantizable ? $0.dequantized : $0.floats))
      })
    for prompt in ["a", "b"] {
      let golden = try Golden(name, prompt: prompt)
      let (found, wanted) = (try Answer(blocks, golden), try Answer(floats, golden))
      #expect(found.experts == wanted.experts, "prompt \(prompt)")
      #expect(found.greedy == wanted.greedy, "prompt \(prompt)")
      let worst = difference(found.logits, wanted.logits)
      #expect(worst <= Golden.tolerance(name), "prompt \(prompt): \(worst)")
      // The error of the format itself, at most 5e-3 with rows this short, is all the error there is.
      let error = normalizedError(found.logits, golden.logits)
      let formats = normalizedError(wanted.logits, golden.logits)
      #expect(error <= formats * 1.01 + 1e-9, "prompt \(prompt): \(error), the format's \(formats)")
    }
  }

  /// Weights are interleaved in place where they were put together from the file's, so each model needs its own.
  @Test("a second model of the same open file has the weights of the first", arguments: names)
  func loadsTwice(_ name: String) throws {
    let original = try GGUFRewriter(CheckpointFixtures.path(name, "model-f32.gguf"))
    let folder = try ScratchFolder()
    let file = try folder.file(
      "q8_0.gguf",
      bytes: original.bytes {
        $0.isQuantizable ? (8, $0.blocks) : (0, GGUFRewriter.Tensor.bytes($0.floats))
      })
    let checkpoint = try Checkpoint(path: file)
    let description = try Architectures.describe(checkpoint)
    let weights = CheckpointWeights(checkpoint)
    let tokens = try Golden(name, prompt: "a").tokens
    let answers = try [weights, weights, CheckpointWeights(checkpoint)].map { weights in
      try Decoder(
        description, weights: weights, options: DecoderOptions(positions: 64, batch: 64)
      ).scores([(0, tokens[...])])
    }
    #expect(answers[1] == answers[0])
    #expect(answers[2] == answers[0])
  }
}

@Suite struct LlamaCppTests {
  /// Q8_0, F16 and F32 tensors, and 8 experts of 3 layers; the reference computes in floats with the dequantised
  /// weights.
  @Test(
    "a Q8_0 file of llama.cpp's converter gives the reference's answers", arguments: ["a", "b"])
  func qwen(prompt: String) throws {
    let folder = RepositoryFile.url("Tests/Fixtures/llama.cpp").path
    let golden = try Golden(
      file: "\(folder)/qwen3_moe-q8_0.golden.safetensors", prompt: prompt)
    let checkpoint = try Checkpoint(path: "\(folder)/qwen3_moe-q8_0.gguf")
    let decoder = try Decoder(
      Architectures.describe(checkpoint), weights: CheckpointWeights(checkpoint),
      options: DecoderOptions(threads: 2, positions: 64, batch: 64, exact: true))
    let found = try Evaluation(
      decoder, tokens: golden.tokens, chunk: 5, greedy: golden.greedy.count)
    #expect(golden.divergence(of: found, tolerance: Golden.bound("qwen3_moe")) == nil)
  }
}

/// Squared differences over squared values.
private func normalizedError(_ x: [[Float]], _ y: [[Float]]) -> Double {
  var (errors, values) = (0.0, 0.0)
  for (p, q) in zip(x, y) {
    for (a, b) in zip(p, q) {
      errors += Double(a - b) * Double(a - b)
      values += Double(b) * Double(b)
    }
  }
  return errors / values
}
