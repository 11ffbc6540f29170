// A mixture of no particular maker, run as models are: what products alone do not tell of a whole layer's time.

import Inference
import Measurement
import StrictJSON

/// A decoder of middling proportions and few layers, timed in prefill and decode.
public struct ReferenceMixture {
  public static let promptTokens = 256
  public static let generatedTokens = 12
  /// Formats it is run in; others are taken to behave as these do.
  public static let formats: [WeightFormat] = [.f16, .q8_0, .q4_0]

  /// All experts together are many times the last cache of common machines, so that those a token chooses come from
  /// memory.
  public static let config: JSONValue = [
    "model_type": "qwen3_moe", "vocab_size": 4096, "hidden_size": 1536, "intermediate_size": 768,
    "moe_intermediate_size": 768, "num_hidden_layers": 3, "num_attention_heads": 16,
    "num_key_value_heads": 4, "head_dim": 96, "num_experts": 64, "num_experts_per_tok": 8,
    "norm_topk_prob": true, "rms_norm_eps": JSONValue(1e-6) ?? 0, "rope_theta": 10000,
    "hidden_act": "silu", "max_position_embeddings": 1024, "tie_word_embeddings": false,
  ]

  private let decoder: Decoder
  private let clock = SystemClock()

  public init(threads: Int, format: WeightFormat, instructionSet: String? = nil) throws {
    decoder = try Decoder(
      Architectures.describe(Self.config), weights: SyntheticWeights(format: format, seed: 1),
      options: DecoderOptions(
        threads: threads, positions: Self.promptTokens, batch: Self.promptTokens,
        instructionSet: instructionSet))
  }

  /// Tokens a second of a prompt, the last one scored.
  public func prefillRate(runs: Int = 3, seconds: Double = 0.3) throws -> Reading<Summary> {
    let prompt = tokens(Self.promptTokens)
    return try rate(Self.promptTokens, runs, seconds) { (decoder) throws(EngineError) in
      try decoder.forward([(0, prompt[...])], scoring: .last)
    }
  }

  /// Tokens a second of one sequence from its beginning.
  public func decodeRate(runs: Int = 3, seconds: Double = 0.3) throws -> Reading<Summary> {
    let ids = tokens(Self.generatedTokens)
    return try rate(Self.generatedTokens, runs, seconds) { (decoder) throws(EngineError) in
      for position in ids.indices {
        try decoder.forward([(0, ids[position...position])], scoring: .last)
      }
    }
  }

  private func rate(
    _ tokens: Int, _ runs: Int, _ seconds: Double,
    _ work: (Decoder) throws(EngineError) -> Void
  ) throws -> Reading<Summary> {
    var failure: EngineError?
    let rate = clock.rate(amount: Double(tokens), runs: runs, seconds: seconds) {
      do throws(EngineError) {
        decoder.cache.reset(0)
        try work(decoder)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return rate
  }

  private func tokens(_ count: Int) -> [Int] {
    var generator = SplitMix64(seed: 1)
    return (0..<count).map { _ in
      Int(generator.next() % UInt64(decoder.description.vocabulary))
    }
  }
}
