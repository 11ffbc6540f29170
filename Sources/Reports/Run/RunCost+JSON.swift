// A cost in a document: its assumptions, dollars and grams per million tokens, its parts.

import Analysis
import CostModel
import StrictJSON

extension RunCost {
  var json: JSONValue {
    object([
      (
        "assumptions",
        object(
          basis.lines.map { line in
            (
              line.name,
              object([
                ("low", .numberOrNull(line.value.low)), ("value", .numberOrNull(line.value.best)),
                ("high", .numberOrNull(line.value.high)), ("unit", .string(line.unit)),
                ("source", .string(line.source)),
              ])
            )
          })
      ),
      (
        "mix",
        [
          "input": .numberOrNull(mix.inputTokens), "output": .numberOrNull(mix.outputTokens),
          "cached_share": .numberOrNull(mix.cachedShare),
        ]
      ),
      ("prefill_test", .stringOrNull(prefillLabel)),
      ("decode_test", .stringOrNull(decodeLabel)),
      ("usd_per_million_input", Self.range(input)),
      ("usd_per_million_output", Self.range(output)),
      ("usd_per_million_blended", Self.range(blended)),
      ("usd_per_million_input_energy_only", Self.range(inputEnergyOnly)),
      ("usd_per_million_output_energy_only", Self.range(outputEnergyOnly)),
      ("usd_per_million_input_by_use", Self.range(inputByUse)),
      ("usd_per_million_output_by_use", Self.range(outputByUse)),
      ("usd_per_million_blended_by_use", Self.range(blendedByUse)),
      ("carbon", carbon.json),
      ("parts", blended.map { Self.parts($0.parts) } ?? .null),
      ("reason", .stringOrNull(reason)),
    ])
  }

  private static func range(_ range: CostRange?) -> JSONValue {
    range?.usdPerMillion.json ?? .null
  }

  private static func parts(_ parts: CostParts) -> JSONValue {
    object([
      ("energy", .numberOrNull(parts.energyBusy + parts.energyIdle)),
      ("energy_busy", .numberOrNull(parts.energyBusy)),
      ("energy_idle", .numberOrNull(parts.energyIdle)),
      ("hardware", .numberOrNull(parts.hardware)),
      ("maintenance", .numberOrNull(parts.maintenance)),
      ("fixed", .numberOrNull(parts.fixed)),
    ])
  }
}

extension CarbonCost {
  fileprivate var json: JSONValue {
    object([
      ("grid_grams_per_kwh", basis.gramsPerKWh.json),
      ("grid_source", .string(basis.source)),
      ("grams_per_million_input", input?.json ?? .null),
      ("grams_per_million_output", output?.json ?? .null),
      ("grams_per_million_blended", blended?.json ?? .null),
      ("embodied_grams_per_million_blended", embodiedBlended?.json ?? .null),
      (
        "embodied_reason",
        .stringOrNull(embodiedBlended == nil ? "the making of the machine is not known" : nil)
      ),
      ("api_grams_per_million", .null),
      ("api_reason", "no price source publishes what an API emits"),
      ("reason", .stringOrNull(reason)),
    ])
  }
}
