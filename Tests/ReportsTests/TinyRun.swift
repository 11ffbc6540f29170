// A real run of a tiny synthetic model through the built-in engine: what tests read documents from.

import Analysis
import CostModel
import Inference
import Measurement
import Models
import Reports
import StrictJSON
import Targets

enum TinyRun {
  static let config = """
    {"model_type": "olmoe", "architectures": ["OlmoeForCausalLM"], "vocab_size": 96,
     "hidden_size": 64, "intermediate_size": 32, "num_hidden_layers": 2,
     "num_attention_heads": 4, "num_key_value_heads": 4, "num_experts": 8,
     "num_experts_per_tok": 2, "norm_topk_prob": false, "rms_norm_eps": 1e-05,
     "rope_theta": 10000.0, "hidden_act": "silu", "max_position_embeddings": 256,
     "tie_word_embeddings": false, "attention_bias": false, "clip_qkv": null}
    """

  /// - Parameters:
  ///   - name: Of the model, which outsiders choose.
  ///   - settings: Of the cost.
  static func report(
    name: String = "tiny", settings: CostSettings = CostSettings(),
    meter: (any EnergyMeter)? = GivenWattsMeter(WattsRange(low: 80, best: 100, high: 140))
  ) throws -> RunReport {
    let description = try Architectures.describe(JSONValue(parsing: config))
    let plan = Plan(
      promptTokens: [16], generatedTokens: [8], batches: [1, 2], threads: [1], repetitions: 3,
      warmUp: .fixed(1))
    let capacity = BuiltInEngine.capacity(for: try plan.tests())
    let decoder = try Decoder(
      description, weights: SyntheticWeights(format: .f32, seed: 1),
      options: DecoderOptions(
        threads: 1, sequences: capacity.sequences, positions: capacity.positions,
        batch: capacity.batch))
    let engine = BuiltInEngine(
      decoder, text: .random(vocabulary: description.vocabulary, seed: 1),
      isCancelled: { false })
    let outcome = try Runner(workload: engine, plan: plan, meter: meter).run()
    let environment = Environment.current()
    let basis = try CostBasis(
      settings, environment: environment, idleWatts: .exactly(30), fullWatts: nil,
      energySource: nil, tables: SiteTables.builtIn)
    let cost = try RunCost(outcome.results, basis: basis, mix: settings.mix)
    let count = try description.parameterCount()
    return RunReport(
      tool: .init(version: "0", commit: "test"), startedAt: "2026-11-21T00:00:00Z",
      status: outcome.status, environment: environment, ceilings: unknownCeilings,
      model: .init(
        name: name, source: .synthetic, architecture: description.family,
        totalParameters: count.total, activeParameters: count.activeWithoutEmbedding,
        activeParametersWithEmbedding: count.activeWithEmbedding, weightFormat: "f32",
        weightBytes: decoder.weightBytes.total),
      engine: .init(name: "builtin", blas: "none", instructionSet: "any", threads: [1]),
      tests: outcome.results, plannedSamples: outcome.plannedSamples,
      disturbance: outcome.disturbance, warnings: [], cost: cost,
      prices: try quotes().map { PriceComparison($0, cost: cost) })
  }

  static func quotes() throws -> [Quote] {
    guard let day = Day("2026-11-21") else { return [] }
    return PriceBook([try PriceTable.builtIn]).quotes(for: "gpt-oss-20b", on: day)
  }

  private static var unknownCeilings: Ceilings {
    let none = Reading<Summary>.unknown(reason: "not probed in tests")
    return Ceilings(bandwidth: none, floatRate: none, integerRate: none)
  }

  static func stored(_ report: RunReport) throws -> StoredResult {
    try StoredResult(parsing: report.json.utf8(), file: "tiny.json")
  }
}
