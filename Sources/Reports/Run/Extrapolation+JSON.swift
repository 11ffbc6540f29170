// What a slice says of the whole, in a document.

import Analysis
import CostModel
import StrictJSON

extension Extrapolation {
  var json: JSONValue {
    object([
      ("tokens_per_second", tokensPerSecond.json),
      ("samples_tokens_per_second", .array(samples.map { .numberOrNull($0) })),
      ("joules_per_token", joulesPerToken?.json ?? .null),
      ("bytes_touched_per_token", .numberOrNull(bytesTouchedPerToken)),
    ])
  }
}
