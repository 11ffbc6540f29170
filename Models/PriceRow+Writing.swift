// Writing price rows in the schema they are read in.

import StrictJSON

extension PriceRow {
  public var json: JSONValue {
    [
      "id": .string(id), "provider": .string(provider), "model": .string(model),
      "model_id": .string(modelID), "kind": .string(kind.rawValue),
      "catalogue": .array(catalogue.map { .string($0) }), "headline": .bool(headline),
      "open_weights": openWeights.map { .bool($0) } ?? .null,
      "usd_per_million_input": .numberOrNull(usdPerMillionInput),
      "usd_per_million_cached_input": .numberOrNull(usdPerMillionCachedInput),
      "usd_per_million_output": .numberOrNull(usdPerMillionOutput),
      "batch_discount": .numberOrNull(batchDiscount), "context": .intOrNull(context),
      "context_steps": .array(contextSteps.map(\.json)),
      "time_band": .stringOrNull(timeBand?.rawValue), "time_share": .numberOrNull(timeShare),
      "tier": .stringOrNull(tier), "valid_from": .stringOrNull(validFrom?.description),
      "valid_to": .stringOrNull(validTo?.description), "as_of": .string(asOf),
      "source": .string(source), "agrees_with": .array(agreesWith.map { .string($0) }),
      "flags": .array(flags.map { .string($0) }), "note": .stringOrNull(note),
      "currency_note": .stringOrNull(currencyNote),
    ]
  }
}

extension PriceRow.ContextStep {
  var json: JSONValue {
    [
      "above_input_tokens": JSONValue(aboveInputTokens),
      "input_factor": .numberOrNull(inputFactor), "output_factor": .numberOrNull(outputFactor),
    ]
  }
}

extension PriceTable {
  /// The table as a document that `init(parsing:file:)` reads back.
  public var json: JSONValue {
    ["schema": .string(Self.schema), "rows": .array(rows.map(\.json))]
  }
}
