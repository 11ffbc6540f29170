// A run as a JSON document, schema moebench.result/1.

import Analysis
import CostModel
import Measurement
import Models
import StrictJSON

extension RunReport {
  public static let schema = "moebench.result/1"

  /// The whole document; every sample is kept, so that any statistic can be computed again.
  public var json: JSONValue {
    object([
      ("schema", .string(Self.schema)),
      ("tool", tool.json),
      ("started_at", .string(startedAt)),
      ("status", .string(status.rawValue)),
      ("samples_planned", JSONValue(plannedSamples)),
      ("samples_done", JSONValue(tests.reduce(0) { $0 + $1.samples.count })),
      ("machine", environment.json(ceilings)),
      ("disturbance", disturbance.json),
      (
        "warnings",
        .array(warnings.map { ["code": .string($0.code), "message": .string($0.message)] })
      ),
      ("model", model.json),
      ("engine", engine.json),
      ("tokens_from", .stringOrNull(tokensFrom)),
      ("energy_account", energyAccount?.json(tokenEnergy) ?? .null),
      ("tests", .array(tests.map(json(of:)))),
      ("plan", plan ?? .null),
      ("peer", peer?.json ?? .null),
      ("cost", cost?.json ?? .null),
      ("prices", .array(prices.map(\.json))),
    ])
  }

  private func json(of result: TestResult) -> JSONValue {
    let test = result.test
    let attainment = attainment(of: result)
    return object([
      ("label", .string(test.label)),
      ("phase", .string(test.phase.rawValue)),
      ("n_prompt", JSONValue(test.promptTokens)),
      ("n_gen", JSONValue(test.generatedTokens)),
      ("n_depth", JSONValue(test.depth)),
      ("n_batch", JSONValue(test.batch)),
      ("n_threads", JSONValue(test.threads)),
      ("samples", .array(result.samples.map(\.json))),
      ("warm_up", .array(result.warmUp.map(\.json))),
      ("warm_up_stable", result.warmUpWasStable.map { .bool($0) } ?? .null),
      ("tokens_per_second", result.summary()?.json ?? .null),
      ("bytes_touched_per_token", .numberOrNull(result.bytesTouchedPerToken)),
      ("parameters_touched_per_step", .numberOrNull(touchedParameters(of: result))),
      (
        "ceiling",
        object([
          ("bandwidth_gb_s", .numberOrNull(ceilings.bandwidth.value.map { $0.median / 1e9 })),
          ("s_mbu", .numberOrNull(attainment.bandwidthShare)),
          ("s_mfu", .numberOrNull(attainment.arithmeticShare)),
        ])
      ),
      (
        "experts",
        object([
          ("distinct_mean", .numberOrNull(result.distinctExperts)),
          ("load", .array((result.samples.last?.work.expertLoad ?? []).map { JSONValue(Int($0)) })),
        ])
      ),
      ("energy", energy(of: result)),
      ("extrapolated", extrapolation(of: result)?.json ?? .null),
    ])
  }

  /// From the routers' own decisions: neither the active parameters nor the total.
  public func touchedParameters(of result: TestResult) -> Double? {
    guard let touched = model.touched, let distinct = result.distinctExperts else { return nil }
    return touched.shared + distinct * touched.perExpert
  }

  /// What the whole would do, where only a slice was run.
  public func extrapolation(of result: TestResult) -> Extrapolation? {
    model.slice.flatMap { Extrapolation(result, factors: $0.factors) }
  }

  public func attainment(of result: TestResult) -> Attainment {
    let unscored =
      result.test.phase == .prefill
      ? Double(model.headParameters) * (1 - 1 / Double(max(result.test.promptTokens, 1))) : 0
    let active = Double(model.slice?.activeParameters ?? model.activeParameters)
    return Attainment(
      result, ceilings, operationsPerToken: 2 * (active - unscored),
      usesIntegers: model.usesIntegers)
  }

}

/// An object with its members in this order.
func object(_ members: [(String, JSONValue)]) -> JSONValue {
  var object = JSONObject()
  for (key, value) in members { object.append(key, value) }
  return .object(object)
}

extension RunReport.Tool {
  public var json: JSONValue {
    object([
      ("name", "moebench"), ("version", .string(version)), ("commit", .string(commit)),
      ("commit_reason", .stringOrNull(commitReason)), ("build", .stringOrNull(build)),
    ])
  }
}

extension RunReport.Model {
  /// Formats whose products run on 8-bit integers.
  var usesIntegers: Bool { !["f32", "f16", "bf16", "fp8"].contains(weightFormat) }

  var json: JSONValue {
    object([
      ("name", .string(name)),
      ("source", .string(source.rawValue)),
      ("architecture", .string(architecture)),
      (
        "parameters",
        object([
          ("total", JSONValue(totalParameters)),
          ("active", JSONValue(activeParameters)),
          ("active_with_embedding", JSONValue(activeParametersWithEmbedding)),
        ])
      ),
      ("weight_format", .string(weightFormat)),
      ("weight_bytes", JSONValue(weightBytes)),
      (
        "slice",
        slice.map {
          object([
            ("layers_measured", JSONValue($0.layersMeasured)),
            ("layers_total", JSONValue($0.layersTotal)),
            ("layers_each_stands_for", .array($0.factors.map { .numberOrNull($0) })),
            ("weight_bytes", JSONValue($0.weightBytes)),
            ("active_parameters", JSONValue($0.activeParameters)),
          ])
        } ?? .null
      ),
    ])
  }
}

extension RunReport.Engine {
  var json: JSONValue {
    object([
      ("name", .string(name)),
      ("blas", .string(blas)),
      ("instruction_set", .string(instructionSet)),
      (
        "threads",
        threads.count == 1 ? JSONValue(threads[0]) : .array(threads.map { JSONValue($0) })
      ),
      ("kv_cache", cacheFormat.map { .string($0) } ?? .null),
    ])
  }
}

extension Sample {
  var json: JSONValue {
    let parts = work.layers.map { layer in
      object([
        ("seconds", .numberOrNull(layer.seconds)),
        ("bytes_touched", .numberOrNull(layer.bytesTouched)),
      ])
    }
    let timing = [("seconds", JSONValue.numberOrNull(seconds)), ("tokens", JSONValue(tokens))]
    return object(
      timing + energy.members + [
        ("start_offset_seconds", .numberOrNull(startOffset)),
        ("distinct_experts", .numberOrNull(work.distinctExperts)),
        ("bytes_touched", .numberOrNull(work.bytesTouched)),
        ("disturbance", disturbance.json),
        ("layers", parts.isEmpty ? .null : .array(parts)),
      ])
  }
}

extension Summary {
  var json: JSONValue {
    object([
      ("median", .numberOrNull(median)),
      ("mean", .numberOrNull(mean)),
      ("std", .numberOrNull(standardDeviation)),
      ("cv", .numberOrNull(coefficientOfVariation)),
      ("se", .numberOrNull(standardError)),
      ("ci_low", .numberOrNull(interval?.low)),
      ("ci_high", .numberOrNull(interval?.high)),
      ("min", .numberOrNull(minimum)),
      ("max", .numberOrNull(maximum)),
      ("n", JSONValue(count)),
    ])
  }
}

extension PriceComparison {
  var json: JSONValue {
    let row = quote.row
    return object([
      ("model", .string(row.model)),
      ("provider", .string(row.provider)),
      ("usd_per_million_input", .numberOrNull(row.usdPerMillionInput)),
      ("usd_per_million_output", .numberOrNull(row.usdPerMillionOutput)),
      ("usd_per_million_cached_input", .numberOrNull(row.usdPerMillionCachedInput)),
      ("as_of", .string(row.asOf)),
      ("source", .string(row.source)),
      ("tier", .stringOrNull(row.tier)),
      ("same_model", .bool(quote.sameModel)),
      (
        "ratio",
        ratio.map {
          object([
            ("value", .numberOrNull($0.best)), ("ci_low", .numberOrNull($0.low)),
            ("ci_high", .numberOrNull($0.high)),
          ])
        } ?? .null
      ),
    ])
  }
}
