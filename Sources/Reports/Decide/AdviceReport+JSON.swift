// The verdict as a document, schema moebench.decision/1.

import Analysis
import CostModel
import Models
import StrictJSON

extension AdviceReport {
  public var json: JSONValue {
    let question = advice.question
    return object(
      [
        ("schema", .string(Self.schema)),
        ("verdict", .string(decision.verdict.rawValue)),
        ("headline", .string(headline)),
        ("summary", .array(sentences.map { .string($0) })),
        ("confidence", .numberOrNull(decision.confidence)),
        ("result", result.reference),
        (
          "workload",
          object([
            ("name", .string(question.workload.name)),
            ("title", .string(question.workload.title)),
            ("input_tokens_per_request", .numberOrNull(question.workload.inputTokensPerRequest)),
            ("output_tokens_per_request", .numberOrNull(question.workload.outputTokensPerRequest)),
            ("cached_share", .numberOrNull(question.workload.cachedShare)),
            ("accepts_batch", .bool(question.workload.acceptsBatch)),
            ("source", .string(question.workload.source)),
          ])
        ),
        (
          "traffic_million_tokens_per_month",
          .numberOrNull(question.traffic.millionTokensPerMonth)
        ),
        ("against", advice.primary.offer.json),
        ("machines_at_hand", JSONValue(question.machines)),
      ] + figures(decision) + [
        ("offers", .array(([advice.primary] + advice.others).map(Self.json))),
        ("scenarios", .array(advice.scenarios.map(Self.json))),
        ("sensitivity", .array(decision.sensitivity.map(\.json))),
        ("cascade", cascade?.json ?? .null),
        ("latency_floor", latency),
        ("carbon", carbon),
        ("not_priced", .array(unpriced.map { .string($0) })),
        ("cost", advice.cost.json),
      ])
  }

  private func figures(_ decision: Decision) -> [(String, JSONValue)] {
    [
      ("machines_needed", .intOrNull(decision.machinesNeeded)),
      ("probability_self_host_cheaper", .numberOrNull(decision.probabilitySelfHostCheaper)),
      ("probability_serves", .numberOrNull(decision.probabilityServes)),
      ("utilisation", .numberOrNull(decision.utilisation)),
      ("capacity_million_tokens_per_month", decision.capacityMillionTokensPerMonth.json),
      ("self_host_usd_per_million", decision.selfHostUsdPerMillion.json),
      ("self_host_usd_per_month", decision.selfHostUsdPerMonth.json),
      ("api_usd_per_million", decision.apiUsdPerMillion.json),
      ("api_usd_per_month", decision.apiUsdPerMonth.json),
      ("ratio", decision.ratio.json),
      (
        "energy_only_usd_per_million",
        advice.cost.basis.assumptions.paysEnergy ? decision.energyOnlyUsdPerMillion.json : .null
      ),
      ("break_even", decision.breakEven.json),
      ("payback", decision.payback.json),
    ]
  }

  private static func json(_ decided: OfferDecision) -> JSONValue {
    let decision = decided.decision
    return object([
      ("offer", decided.offer.json),
      ("verdict", .string(decision.verdict.rawValue)),
      ("confidence", .numberOrNull(decision.confidence)),
      ("api_usd_per_month", decision.apiUsdPerMonth.json),
      ("ratio", decision.ratio.json),
      ("break_even", decision.breakEven.json),
    ])
  }

  private static func json(_ decided: ScenarioDecision) -> JSONValue {
    let decision = decided.decision
    return object([
      ("name", .string(decided.scenario.name)),
      ("title", .string(decided.scenario.title)),
      ("source", .string(decided.scenario.source)),
      ("verdict", .string(decision.verdict.rawValue)),
      ("ratio", decision.ratio.json),
      ("break_even", decision.breakEven.json),
    ])
  }

  private var carbon: JSONValue {
    let perMonth = advice.question.traffic.millionTokensPerMonth / 1000
    return object([
      ("grams_per_million", advice.carbon.blended?.json ?? .null),
      ("kilograms_per_month", advice.carbon.blended?.scaled(by: perMonth).json ?? .null),
      ("api_grams_per_million", .null),
      ("reason", .stringOrNull(advice.carbon.reason)),
    ])
  }

  private var latency: JSONValue {
    guard let floor = advice.latency else { return .null }
    return object([
      ("seconds_to_first_token", .numberOrNull(floor.secondsToFirstToken)),
      ("seconds_per_output_token", .numberOrNull(floor.secondsPerToken)),
      ("seconds_per_request", .numberOrNull(floor.secondsPerRequest)),
    ])
  }
}

extension Estimate {
  var json: JSONValue {
    object([
      ("value", .numberOrNull(best)), ("ci_low", .numberOrNull(low)),
      ("ci_high", .numberOrNull(high)), ("provenance", .string(provenance.rawValue)),
    ])
  }
}

extension BreakEvenRange {
  /// Why one machine's capacity leaves no break-even.
  static func beyond(_ millions: Double, _ capacity: Double) -> String {
    "a machine would have to make \(Number.count(millions * 1e6)) tokens a month and makes at most "
      + "\(Number.count(capacity * 1e6)); each further machine costs as much again"
  }

  /// `million_tokens_per_month` is null beside a `reason` where no volume breaks even.
  var json: JSONValue {
    var volume: Double?
    var share: Double?
    var reason: String?
    var status = "within_capacity"
    switch best {
    case .at(let millions, let utilisation): (volume, share) = (millions, utilisation)
    case .beyondCapacity(let millions, let capacity):
      status = "beyond_capacity"
      reason = "no break-even exists: \(Self.beyond(millions, capacity))"
    case .never(let marginal, let api):
      status = "never"
      reason =
        "no break-even exists: a further million tokens costs \(Number.short(marginal)) $, the API takes \(Number.short(api)) $"
    }
    return object([
      ("status", .string(status)),
      ("exists", .bool(exists)),
      ("million_tokens_per_month", .numberOrNull(volume)),
      ("ci_low", .numberOrNull(volume == nil ? nil : lowMillionTokensPerMonth)),
      ("ci_high", .numberOrNull(volume == nil ? nil : highMillionTokensPerMonth)),
      ("utilisation", .numberOrNull(share)),
      ("probability_exists", .numberOrNull(probabilityExists)),
      ("reason", .stringOrNull(reason)),
    ])
  }
}

extension Payback {
  var json: JSONValue {
    switch self {
    case .months(let months): object([("months", .numberOrNull(months)), ("reason", .null)])
    case .never: object([("months", .null), ("reason", "nothing is saved at this traffic")])
    case .notApplicable: object([("months", .null), ("reason", "nothing is bought: rented")])
    }
  }
}

extension SensitivityRow {
  var json: JSONValue {
    object([
      ("assumption", .string(field.rawValue)),
      ("low", .numberOrNull(range.low)), ("value", .numberOrNull(range.best)),
      ("high", .numberOrNull(range.high)),
      ("usd_per_million_at_low", .numberOrNull(usdPerMillionAtLow)),
      ("usd_per_million_at_high", .numberOrNull(usdPerMillionAtHigh)),
      ("flips_verdict", .bool(flips)),
      ("flips_at", .numberOrNull(flipValue)),
    ])
  }
}

extension Offer {
  var json: JSONValue {
    object([
      ("model", .string(model)), ("provider", .string(row.provider)),
      ("same_model", .bool(sameModel)), ("usd_per_million_blended", usdPerMillion.json),
      ("as_of", .string(row.asOf)), ("source", .string(row.source)),
      ("tiers", .array(rows.compactMap { $0.tier.map { .string($0) } })),
      ("cache_hits_priced_as_input", .bool(assumesNoCacheDiscount)),
      ("batch_discount", .numberOrNull(batchDiscount)),
    ])
  }
}

extension AdviceReport.Cascade {
  var json: JSONValue {
    func cost(_ cost: RoutedCost) -> JSONValue {
      object([
        ("usd_per_million", .numberOrNull(cost.usdPerMillion)),
        ("saving_share", .numberOrNull(cost.savingShare)),
      ])
    }
    return object([
      ("cheap", .string(cheapName)), ("dear", .string(dearName)),
      ("cheap_share", .numberOrNull(cheapShare)),
      ("cheap_usd_per_million", .numberOrNull(cheapUsdPerMillion)),
      ("cheap_usd_per_million_of_all", .numberOrNull(cheapUsdPerMillionOfAll)),
      ("dear_usd_per_million", .numberOrNull(dearUsdPerMillion)),
      ("router", cost(router)), ("cascade", cost(cascade)),
    ])
  }
}
