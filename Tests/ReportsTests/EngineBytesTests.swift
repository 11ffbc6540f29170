// The bytes the built-in engine says it read, against the sum worked out by hand.

import Inference
import Measurement
import StrictJSON
import Targets
import Testing

/// The tiny model, in floats: hidden 64, 2 layers, 4 heads of 16, 8 experts of 32, 96 tokens.
@Suite struct EngineBytesTests {
  /// Four projections, norms of queries and keys, two norms, the router.
  private static let layer = 4 * 64 * 64 * 4 + 2 * 64 * 4 + 2 * 64 * 4 + 8 * 64 * 4
  private static let layers = 2 * layer + 64 * 4
  private static let table = 96 * 64 * 4
  /// Keys and values of one position in both layers.
  private static let position = 2 * 2 * 64 * 4
  private static let expert = 3 * 64 * 32 * 4

  private func bytes(_ test: TestCase) throws -> Double {
    let description = try Architectures.describe(JSONValue(parsing: TinyRun.config))
    let capacity = BuiltInEngine.capacity(for: [test])
    let decoder = try Decoder(
      description, weights: SyntheticWeights(format: .f32, seed: 1),
      options: DecoderOptions(
        sequences: capacity.sequences, positions: capacity.positions, batch: capacity.batch))
    let engine = BuiltInEngine(
      decoder, text: .random(vocabulary: 96, seed: 1), isCancelled: { false })
    try engine.prepare(test)
    let found = try engine.run(test)
    try engine.prepare(test)
    #expect(try engine.run(test).bytesTouched == found.bytesTouched)
    let experts = Double(decoder.routing.distinct.reduce(0, +) * Self.expert)
    return (found.bytesTouched ?? .nan) - experts
  }

  @Test("a prompt of one pass reads its own rows of the embedding and the head once")
  func short() throws {
    let test = TestCase(phase: .prefill, promptTokens: 16, generatedTokens: 0, threads: 1)
    let expected = Self.layers + 16 * 64 * 4 + Self.table + 16 * Self.position
    #expect(try bytes(test) == Double(expected))
  }

  @Test("only the last of two passes reads the head, and the second reads the first one's keys")
  func long() throws {
    let test = TestCase(phase: .prefill, promptTokens: 520, generatedTokens: 0, threads: 1)
    let first = Self.layers + Self.table + 512 * Self.position
    let second = Self.layers + Self.table + 8 * 64 * 4 + 520 * Self.position
    #expect(try bytes(test) == Double(first + second))
  }

  @Test("sequences decoded together share the weights and read each its own keys")
  func decode() throws {
    let test = TestCase(
      phase: .decode, promptTokens: 0, generatedTokens: 3, depth: 4, batch: 2, threads: 1)
    let weights = Self.layers + Self.table + 2 * 64 * 4
    #expect(try bytes(test) == Double(3 * weights + 2 * (5 + 6 + 7) * Self.position))
  }
}
