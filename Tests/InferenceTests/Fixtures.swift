// The miniature checkpoints in Tests/Fixtures/checkpoints, one for each family, and ways to run them.

import Inference
import StrictJSON
import TestSupport

/// A miniature checkpoint with its two prompts.
struct Fixture {
  let checkpoint: Checkpoint
  let description: ModelDescription
  let a: [Int]
  let b: [Int]

  static let names = CheckpointFixtures.names

  /// - Parameters:
  ///   - configuration: The file to read instead of the checkpoint's own `config.json`.
  ///   - weights: The file to read instead of the folder's safetensors.
  init(_ name: String, configuration: String? = nil, weights: String? = nil) throws {
    let path = CheckpointFixtures.path(name)
    checkpoint = try Checkpoint(path: weights.map { "\(path)/\($0)" } ?? path)
    let config = try configuration.map {
      try JSONValue(parsing: Checkpoint.contents(ofFile: "\(path)/\($0)", limit: 1 << 20))
    }
    description = try Architectures.describe(
      config ?? checkpoint.config, hasTensor: checkpoint.holds)
    let golden = try JSONValue(
      parsing: Checkpoint.contents(ofFile: path + "/golden.json", limit: 1 << 20))
    func prompt(_ key: String) -> [Int] {
      golden["sequences"]?[key]?.array?.compactMap(\.int) ?? []
    }
    a = prompt("a")
    b = prompt("b")
  }

  func decoder(
    threads: Int = 1, sequences: Int = 1, weights: (any WeightSource)? = nil
  ) throws -> Decoder {
    try Decoder(
      description, weights: weights ?? CheckpointWeights(checkpoint),
      options: DecoderOptions(
        threads: threads, sequences: sequences, positions: 64, batch: 64, exact: true))
  }

  /// The fixture's architecture with generated weights, multiplied with 8-bit activations where they are quantised.
  func syntheticDecoder(threads: Int = 1) throws -> Decoder {
    try Decoder(
      description, weights: SyntheticWeights(format: .q8_0, seed: 1),
      options: DecoderOptions(threads: threads, sequences: 2, positions: 64, batch: 64))
  }
}

extension Decoder {
  /// Scores of every row, copied.
  func scores(_ inputs: [(sequence: Int, tokens: ArraySlice<Int>)]) throws -> [[Float]] {
    let scores = try forward(inputs, scoring: .all)
    return (0..<scores.rows).map {
      Array(UnsafeBufferPointer(start: scores[$0], count: scores.columns))
    }
  }
}

/// The largest difference of two tables of scores; infinite where they differ in shape or hold a NaN.
func difference(_ x: [[Float]], _ y: [[Float]]) -> Float {
  guard x.count == y.count else { return .infinity }
  var largest: Float = 0
  for (p, q) in zip(x, y) {
    guard p.count == q.count else { return .infinity }
    for (a, b) in zip(p, q) {
      let d = abs(a - b)
      if !(d <= largest) { largest = d.isNaN ? .infinity : d }
    }
  }
  return largest
}
