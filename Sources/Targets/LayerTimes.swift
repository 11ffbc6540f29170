// Times what a layer costs besides its products: hand-over between workers, bookkeeping, attention.

import Inference
import Measurement
import StrictJSON

/// Runs decoders so narrow that their products hardly count.
public struct LayerTimes {
  private static let layers = 16
  private static let heads = 16
  private static let headDimension = 64
  private static let promptTokens = 512
  private let clock = SystemClock()
  private let threads: Int
  private let instructionSet: String?

  public init(threads: Int, instructionSet: String? = nil) {
    self.threads = threads
    self.instructionSet = instructionSet
  }

  /// Layers a second in decode, where a layer's weights are next to nothing.
  public func layerRate(runs: Int = 5, seconds: Double = 0.3) throws -> Reading<Summary> {
    let decoder = try decoder(layers: Self.layers, heads: 1, dimension: 32, batch: 1)
    return try rate(decoder, amount: Double(Self.layers), tokens: 1, runs, seconds)
  }

  /// Multiplications of queries with keys and of weights with values a second, in a prompt.
  public func attentionRate(runs: Int = 3, seconds: Double = 0.3) throws -> Reading<Summary> {
    let layers = 2
    let decoder = try decoder(
      layers: layers, heads: Self.heads, dimension: Self.headDimension, batch: Self.promptTokens)
    let pairs = Self.promptTokens * (Self.promptTokens + 1) / 2
    let each = pairs * Self.heads * 2 * Self.headDimension
    return try rate(
      decoder, amount: Double(layers * each), tokens: Self.promptTokens, runs, seconds)
  }

  /// Passes over `tokens` tokens, each from an empty cache.
  private func rate(
    _ decoder: Decoder, amount: Double, tokens: Int, _ runs: Int, _ seconds: Double
  ) throws -> Reading<Summary> {
    let ids = (0..<tokens).map { $0 * 7 % decoder.description.vocabulary }
    var failure: EngineError?
    let rate = clock.rate(amount: amount, runs: runs, seconds: seconds) {
      do throws(EngineError) {
        decoder.cache.reset(0)
        try decoder.forward([(0, ids[...])], scoring: .none)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return rate
  }

  private func decoder(layers: Int, heads: Int, dimension: Int, batch: Int) throws -> Decoder {
    let config: JSONValue = [
      "model_type": "qwen3_moe", "vocab_size": 256, "hidden_size": 32,
      "intermediate_size": 32, "moe_intermediate_size": 32,
      "num_hidden_layers": JSONValue(layers), "num_attention_heads": JSONValue(heads),
      "num_key_value_heads": JSONValue(max(1, heads / 4)), "head_dim": JSONValue(dimension),
      "num_experts": 4, "num_experts_per_tok": 2, "norm_topk_prob": true,
      "rms_norm_eps": JSONValue(1e-6) ?? 0, "rope_theta": 10000, "hidden_act": "silu",
      "max_position_embeddings": 1024, "tie_word_embeddings": false,
    ]
    return try Decoder(
      Architectures.describe(config), weights: SyntheticWeights(format: .q8_0, seed: 1),
      options: DecoderOptions(
        threads: threads, positions: batch + 1, batch: batch, instructionSet: instructionSet))
  }
}
