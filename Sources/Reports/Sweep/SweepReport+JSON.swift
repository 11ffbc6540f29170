// An experiment as a document, schema moebench.sweep/1.

import Analysis
import Measurement
import StrictJSON

extension SweepReport {
  public var json: JSONValue {
    let first = points.first?.run
    return object([
      ("schema", .string(Self.schema)),
      ("tool", first?.tool.json ?? .null),
      ("started_at", .stringOrNull(first?.startedAt)),
      ("status", .string(status.rawValue)),
      ("experiment", .string(kind.rawValue)),
      ("subject", .string(kind.subject)),
      ("seconds", .numberOrNull(seconds)),
      ("machine", first.map { $0.environment.json($0.ceilings) } ?? .null),
      ("engine", first?.engine.json ?? .null),
      ("disturbance", first?.disturbance.json ?? .null),
      (
        "warnings",
        .array(warnings.map { ["code": .string($0.code), "message": .string($0.message)] })
      ),
      ("points", .array(points.map(\.json))),
      ("reading", .array(reading.map { .string($0) })),
    ])
  }
}

extension SweepReport.Point {
  fileprivate var json: JSONValue {
    let document = run.json
    return object([
      ("name", .string(name)),
      ("value", .numberOrNull(value)),
      ("model", run.model.json),
      (
        "mixture",
        mixture.map {
          ["experts": JSONValue($0.experts), "experts_per_token": JSONValue($0.expertsPerToken)]
        } ?? .null
      ),
      ("touched_parameters_per_step", .numberOrNull(touchedParametersPerStep)),
      ("tests", document["tests"] ?? .null),
      ("coverage", .array(run.tests.map(coverage))),
      ("cost", document["cost"] ?? .null),
      ("prices", document["prices"] ?? .null),
    ])
  }

  /// How the tokens of a test fell on experts.
  private func coverage(_ result: TestResult) -> JSONValue {
    let skew = skew(result)
    return object([
      ("label", .string(result.test.label)),
      ("distinct_measured", .numberOrNull(result.distinctExperts)),
      ("distinct_expected", .numberOrNull(expectedDistinct(result))),
      ("gini", .numberOrNull(skew?.gini)),
      ("hot_share", .numberOrNull(skew?.hotShare)),
      (
        "load_by_layer",
        .array(
          (result.samples.last?.work.layerLoads ?? []).map { layer in
            .array(layer.map { Int(exactly: $0).map { JSONValue($0) } ?? .null })
          })
      ),
    ])
  }
}
