// Predictions as a document, schema moebench.estimate/1.

import Analysis
import CostModel
import Measurement
import StrictJSON

extension EstimateReport {
  public var json: JSONValue {
    object([
      ("schema", .string(Self.schema)),
      ("tool", tool.json),
      ("started_at", .string(startedAt)),
      ("machine", environment.json(nil)),
      ("ceilings", limits.json(age: limitsAge)),
      ("limits_file", .stringOrNull(limitsFile)),
      ("what_if", .stringOrNull(supposed)),
      ("what_if_spread", .numberOrNull(extrapolationSpread)),
      ("corrected_by", .array(corrections.map(\.json))),
      ("estimates", .array(estimates.map(\.json))),
      (
        "verification",
        verification.isEmpty
          ? .null
          : object([
            ("cases", JSONValue(verification.count)),
            ("median_absolute_error", .numberOrNull(verification.medianError)),
          ])
      ),
    ])
  }
}

extension ModelEstimate {
  var json: JSONValue {
    object([
      ("name", .string(name)),
      ("architecture", .stringOrNull(architecture)),
      (
        "parameters",
        object([
          ("total", .numberOrNull(parameters?.total)),
          ("active", .numberOrNull(parameters?.active)),
          ("active_with_embedding", .numberOrNull(parameters?.activeWithEmbedding)),
          ("touched", .numberOrNull(test(.decode)?.touchedParameters)),
        ])
      ),
      ("weight_format", .string(weightFormat)),
      ("weight_bytes", .numberOrNull(fit?.weightBytes)),
      (
        "weight_bytes_by_format",
        object(bytesByFormat.map { ($0.format, .numberOrNull($0.bytes)) })
      ),
      ("memory", memory),
      ("tests", .array(tests.map(json(of:)))),
      ("cost", cost?.json ?? .null),
      ("prices", .array(prices.map(\.json))),
      ("reason", .stringOrNull(reason)),
      ("verification", verification.isEmpty ? .null : .array(verification.map(\.json))),
      (
        "verified_slice",
        verifiedSlice.map {
          object([
            ("layers_measured", JSONValue($0.measured)), ("layers_total", JSONValue($0.total)),
          ])
        } ?? .null
      ),
    ])
  }

  private var memory: JSONValue {
    object([
      ("cache_positions", JSONValue(cachePositions)),
      ("kv_cache_bytes_per_token", .numberOrNull(cacheBytesPerToken)),
      ("kv_cache_bytes", .numberOrNull(fit?.cacheBytes)),
      ("needed_bytes", .numberOrNull(fit?.neededBytes)),
      ("available_bytes", .numberOrNull(fit?.availableBytes)),
      ("fits", fit?.fits.map { .bool($0) } ?? .null),
      ("machine_gib", .intOrNull(fit?.machineGB)),
    ])
  }

  private func json(of test: Test) -> JSONValue {
    object([
      ("label", .string(test.test.label)),
      ("phase", .string(test.test.phase.rawValue)),
      ("n_prompt", JSONValue(test.test.promptTokens)),
      ("n_gen", JSONValue(test.test.generatedTokens)),
      ("n_depth", JSONValue(test.test.depth)),
      ("n_batch", JSONValue(test.test.batch)),
      ("tokens_per_second", test.speed.json),
      ("joules_per_token", test.joulesPerToken?.json ?? .null),
      ("joules_reason", .stringOrNull(test.joulesPerToken == nil ? energyReason : nil)),
      ("bytes_touched_per_token", .numberOrNull(test.bytesTouchedPerToken)),
      (
        "seconds",
        object([
          ("shared", .numberOrNull(test.time.shared)),
          ("experts", .numberOrNull(test.time.experts)),
          ("head", .numberOrNull(test.time.head)),
          ("attention", .numberOrNull(test.time.attention)),
          ("layers", .numberOrNull(test.time.layers)),
        ])
      ),
    ])
  }
}

extension PredictionError {
  var json: JSONValue {
    object([
      ("model", .string(model)), ("weight_format", .string(format)), ("label", .string(label)),
      ("phase", .string(phase.rawValue)),
      ("predicted_tokens_per_second", .numberOrNull(predicted)),
      ("measured_tokens_per_second", .numberOrNull(measured)),
      ("relative_error", .numberOrNull(relative)),
    ])
  }
}
