// A measured server as a JSON document, schema moebench.result/1 with a section of its own.

import Analysis
import CostModel
import Measurement
import StrictJSON

extension EndpointReport {
  /// The whole document; every request is kept, so that any statistic can be computed again.
  public var json: JSONValue {
    object([
      ("schema", .string(RunReport.schema)),
      ("tool", tool.json),
      ("started_at", .string(startedAt)),
      ("status", .string(status.rawValue)),
      ("samples_planned", JSONValue(counts.planned)),
      ("samples_done", JSONValue(counts.done)),
      ("machine", environment.json(nil)),
      (
        "warnings",
        .array(warnings.map { ["code": .string($0.code), "message": .string($0.message)] })
      ),
      ("model", model),
      ("engine", engine),
      ("tokens_from", .string(load.promptsFrom)),
      ("endpoint", endpoint),
      ("tests", .array(tests.map(\.json))),
      ("energy_account", account.json(tokenEnergy)),
      ("cost", cost?.json ?? .null),
      ("cost_reason", .stringOrNull(costReason)),
      ("prices", .array(prices.map(\.json))),
    ])
  }

  private var model: JSONValue {
    func count(_ billions: Double?) -> JSONValue {
      .intOrNull(billions.flatMap { Int(exactly: ($0 * 1e9).rounded()) })
    }
    let shape = catalogued?.entry.computed
    let reason =
      catalogued.map {
        "\($0.entry.name) of the catalogue; a server does not tell how it stores it"
      } ?? modelReason ?? "a server does not tell what its model is made of"
    return object([
      ("name", .string(service.model)),
      ("catalogue_name", .stringOrNull(catalogued?.entry.name)),
      ("source", "endpoint"),
      ("architecture", .null),
      (
        "parameters",
        object([
          ("total", count(shape?.totalBillion)),
          ("active", count(shape?.activeWithoutInputEmbeddingBillion)),
        ])
      ),
      ("weight_format", .null),
      ("weight_bytes", .null),
      ("slice", .null),
      ("reason", .string(reason)),
    ])
  }

  private var engine: JSONValue {
    object([
      ("name", .string("endpoint \(service.api)")), ("blas", .null), ("instruction_set", .null),
      ("threads", .null),
    ])
  }

  private var endpoint: JSONValue {
    object([
      ("url", .string(service.url)),
      ("api", .string(service.api)),
      ("streaming", .bool(service.isStreaming)),
      ("model_asked", .string(service.model)),
      ("models_named", .array(modelsNamed.map { .string($0) })),
      ("local", .bool(service.isLocal)),
      ("nodes", JSONValue(service.nodes)),
      ("key_sent", .bool(service.hasKey)),
      ("ignore_eos", .bool(service.ignoresEndOfText)),
      ("retries_allowed", JSONValue(service.retries)),
      (
        "timeouts_seconds",
        object(service.timeouts.map { ($0.name, .numberOrNull($0.seconds)) })
      ),
      ("load", loadJSON),
      (
        "slo_seconds",
        objective.map { object($0.bounds.map { ($0.metric.rawValue, .numberOrNull($0.seconds)) }) }
          ?? .null
      ),
      ("formulas", object(Self.formulas.map { ($0.name, .string($0.formula)) })),
      ("energy_note", .string(energyNote)),
      ("valid", .bool(isValid)),
      ("levels", .array(levels.map { $0.json(objective) })),
    ])
  }

  private var loadJSON: JSONValue {
    func range(_ range: ClosedRange<Int>) -> JSONValue {
      ["low": JSONValue(range.lowerBound), "high": JSONValue(range.upperBound)]
    }
    return object([
      ("requests_per_level", JSONValue(load.requestsPerLevel)),
      ("prompt_tokens_wanted", range(load.promptTokens)),
      ("output_tokens_asked", range(load.outputTokens)),
      ("prompts_from", .string(load.promptsFrom)),
      ("cool_down", .bool(load.coolsDown)),
      ("seed", .string(String(load.seed))),
    ])
  }

  /// As the replies name it.
  var modelsNamed: [String] {
    Set(levels.flatMap(\.requests).compactMap(\.model)).sorted()
  }

  private var tokenEnergy: TokenEnergy? {
    cost.map { TokenEnergy($0, idleWatts: $0.basis.assumptions.idleWatts) }
  }

  /// Whether the figures may stand for the server.
  public var isValid: Bool { !judged.isEmpty && judged.allSatisfy(\.isValid) }

  /// Without the levels that an interruption kept from beginning.
  var judged: [LoadLevel] {
    status == .interrupted ? levels.filter { !$0.measured.isEmpty } : levels
  }
}

extension ServiceTest {
  var json: JSONValue {
    object([
      ("label", .string(label)),
      ("phase", .string(phase.rawValue)),
      ("level", .string(level)),
      ("n_prompt", JSONValue(promptTokens)),
      ("n_gen", JSONValue(generatedTokens)),
      ("n_depth", 0),
      ("n_batch", JSONValue(batch)),
      ("n_threads", .null),
      ("samples", .array(samples.map(\.json))),
      ("tokens_per_second", summary?.json ?? .null),
      (
        "reason",
        .stringOrNull(
          summary == nil
            ? isValid ? "not measurable: no request could be timed" : "too many requests failed"
            : nil)
      ),
      ("bytes_touched_per_token", .null),
      ("ceiling", object([("bandwidth_gb_s", .null), ("s_mbu", .null), ("s_mfu", .null)])),
      ("experts", object([("distinct_mean", .null), ("load", .array([]))])),
      (
        "energy",
        energyOfTest(
          samples.isEmpty ? [energy] : samples.map(\.energy), joulesPerToken: joulesPerToken)
      ),
    ])
  }
}

extension ServiceTest.Sample {
  fileprivate var json: JSONValue {
    var members: [(String, JSONValue)] = [
      ("seconds", .numberOrNull(seconds)),
      ("tokens", JSONValue(tokens)),
      ("start_offset_seconds", .numberOrNull(startOffset)),
    ]
    members += energy.members
    return object(members)
  }
}
