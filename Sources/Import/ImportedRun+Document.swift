// An imported run as a moebench.result/1 document; nothing is in it that the tool did not say.

import Measurement
import Models
import StrictJSON

extension ImportedRun {
  /// - Parameter converter: This program, as documents name it.
  func document(file: String, converter: JSONValue, catalogue: Catalogue) -> JSONValue {
    let known = catalogue.model(servedAs: model, totalParameters: totalParameters).entry
    return Self.object([
      ("schema", "moebench.result/1"),
      ("tool", converter),
      (
        "imported",
        Self.object([
          ("tool", .string(tool)), ("version", .stringOrNull(toolVersion)),
          ("file", .string(file)), ("accelerator", .stringOrNull(accelerator)),
          ("model_as_named", .string(model)),
        ])
      ),
      ("started_at", .stringOrNull(startedAt)),
      ("status", isInterrupted ? "interrupted" : "complete"),
      ("machine", machine),
      (
        "warnings",
        .array(warnings.map { ["code": .string($0.code), "message": .string($0.message)] })
      ),
      ("model", model(known)),
      (
        "engine",
        [
          "name": .string(tool), "blas": .null, "instruction_set": .null,
          "threads": threadCounts,
        ]
      ),
      ("tests", .array(tests.map(json(of:)))),
      ("cost", .null),
      ("prices", []),
    ])
  }

  private var machine: JSONValue {
    let reason: JSONValue = "\(tool) does not tell"
    var reasons: [(String, JSONValue)] = [("logical_cores", reason), ("memory_bytes", reason)]
    if processor == nil { reasons.append(("cpu", reason)) }
    return Self.object([
      ("cpu", .stringOrNull(processor)), ("logical_cores", .null), ("memory_bytes", .null),
      ("reasons", Self.object(reasons)),
    ])
  }

  /// One count, or all that tests had.
  private var threadCounts: JSONValue {
    let counts = Set(tests.compactMap(\.threads)).sorted()
    return counts.count > 1
      ? .array(counts.map { JSONValue($0) }) : .intOrNull(counts.first ?? threads)
  }

  private func model(_ known: ModelEntry?) -> JSONValue {
    func count(_ billions: Double?) -> JSONValue {
      .intOrNull(billions.flatMap { Int(exactly: ($0 * 1e9).rounded()) })
    }
    return Self.object([
      ("name", .string(known?.name ?? model)),
      ("source", "imported"),
      ("architecture", .string(architecture ?? "unknown")),
      (
        "parameters",
        Self.object([
          (
            "total",
            totalParameters.map { JSONValue($0) } ?? count(known?.computed?.totalBillion)
          ),
          ("active", count(known?.computed?.activeWithoutInputEmbeddingBillion)),
        ])
      ),
      ("weight_format", .string(weightFormat ?? "unknown")),
      ("weight_bytes", .intOrNull(weightBytes)),
      ("slice", .null),
    ])
  }

  private func json(of test: ImportedTest) -> JSONValue {
    let rates = test.samples.map { Double($0.tokens) / $0.seconds }
    let reason: JSONValue = "\(tool) measures no energy that is imported; --watts gives it"
    return Self.object([
      ("label", .string(test.label)),
      ("phase", .string(test.phase.rawValue)),
      ("n_prompt", JSONValue(test.promptTokens)),
      ("n_gen", JSONValue(test.generatedTokens)),
      ("n_depth", JSONValue(test.depth)),
      ("n_batch", .intOrNull(test.batch)),
      ("n_threads", .intOrNull(test.threads ?? threads)),
      ("samples", .array(test.samples.map { Self.json(of: $0, reason) })),
      ("tokens_per_second", Summary(rates).map(Self.json(of:)) ?? .null),
      ("bytes_touched_per_token", .null),
      ("ceiling", ["bandwidth_gb_s": .null, "s_mbu": .null, "s_mfu": .null]),
      ("experts", ["distinct_mean": .null, "load": []]),
      (
        "energy",
        [
          "source": .null, "provenance": .null, "joules_per_token": .null, "ci_low": .null,
          "ci_high": .null, "power_valid": false, "power_invalid_reasons": ["no_meter"],
          "reason": reason,
        ]
      ),
      ("imported", test.record.writable),
    ])
  }

  private static func json(of sample: ImportedTest.Sample, _ reason: JSONValue) -> JSONValue {
    object([
      ("seconds", .numberOrNull(sample.seconds)), ("tokens", JSONValue(sample.tokens)),
      ("joules", .null), ("joules_reason", reason),
      ("start_offset_seconds", .numberOrNull(sample.offset)),
    ])
  }

  private static func json(of summary: Summary) -> JSONValue {
    object([
      ("median", .numberOrNull(summary.median)), ("mean", .numberOrNull(summary.mean)),
      ("std", .numberOrNull(summary.standardDeviation)),
      ("cv", .numberOrNull(summary.coefficientOfVariation)),
      ("se", .numberOrNull(summary.standardError)),
      ("ci_low", .numberOrNull(summary.interval?.low)),
      ("ci_high", .numberOrNull(summary.interval?.high)),
      ("min", .numberOrNull(summary.minimum)), ("max", .numberOrNull(summary.maximum)),
      ("n", JSONValue(summary.count)),
    ])
  }

  static func object(_ members: [(String, JSONValue)]) -> JSONValue {
    var object = JSONObject()
    for (key, value) in members { object.append(key, value) }
    return .object(object)
  }
}

extension JSONValue {
  /// Without the numbers JSON cannot write: NaN and infinities become null.
  fileprivate var writable: JSONValue {
    switch self {
    case .number(let number): number.double == nil ? .null : self
    case .array(let elements): .array(elements.map(\.writable))
    case .object(let object):
      ImportedRun.object(object.members.map { ($0.key, $0.value.writable) })
    default: self
    }
  }
}
