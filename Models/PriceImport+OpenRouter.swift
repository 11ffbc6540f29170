// OpenRouter's /api/v1/models: a list of models, prices as decimal strings per token.

import StrictJSON

extension ImportReader {
  mutating func readOpenRouter(_ document: Node) throws(DataError) {
    for node in try document.member("data").elements() {
      let id = try node.string("id")
      let pricing = try node.member("pricing")
      // A router that picks the model has no price of its own; it is listed at -1.
      if pricing.value["prompt"]?.string == "-1", pricing.value["completion"]?.string == "-1" {
        skip(node, "\(id.escapedForMessage(limit: 60)): the price varies with the model chosen")
        continue
      }
      let input = try pricing.member("prompt").decimal()
      let output = try pricing.member("completion").decimal()
      guard input > 0, output > 0 else {
        skip(node, "\(id.escapedForMessage(limit: 60)): priced at 0: a free tier or unknown")
        continue
      }
      var row = row(
        provider: "OpenRouter", model: try node.optionalString("name") ?? id, id: id,
        input: input, output: output,
        cached: try pricing.optional("input_cache_read").map { (n) throws(DataError) in
          try n.decimal()
        })
      row.context = try node.optionalCount("context_length")
      try add(row, at: node)
    }
  }
}

extension Node {
  /// A price written as a plain decimal string, such as "0.00000027", or as a number.
  fileprivate func decimal() throws(DataError) -> Double {
    guard let text = value.string else { return try amount() }
    // Only digits, a point and an exponent: `Double` would also take hexadecimal, inf and nan.
    let digits = Set("0123456789.eE+-")
    guard !text.isEmpty, text.allSatisfy({ digits.contains($0) }), let double = Double(text)
    else { throw fault(.notADecimal(text)) }
    guard double.isFinite else { throw fault(.notFinite(text.escapedForMessage(limit: 40))) }
    guard double >= 0 else { throw fault(.negative(text.escapedForMessage(limit: 40))) }
    return double
  }
}
