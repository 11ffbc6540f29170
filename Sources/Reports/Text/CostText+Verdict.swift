// The sentence or two a newcomer reads first: what the figures mean, with their width.

import Analysis
import CostModel

extension CostText {
  /// Compares this machine's blended cost with the cheapest price shown.
  public var verdict: [String] {
    guard let own = cost.blended?.usdPerMillion else {
      return wrapped("No verdict: \(cost.reason ?? "the cost is unknown").")
    }
    let priced = prices.filter { $0.ratio != nil }
    guard
      let price = priced.min(by: { ($0.ratio?.best ?? 0) > ($1.ratio?.best ?? 0) }),
      let ratio = price.ratio
    else {
      return wrapped(
        "A million tokens (\(mixText)) cost \(Number.short(own.best)) $ here "
          + "(\(Number.short(own.low)) to \(Number.short(own.high))); no API price is known to set beside it."
      )
    }
    let name = "\(price.quote.row.model) at \(price.quote.row.provider)".safeForTerminal
    let comparison =
      "\(Number.short(ratio.low)) to \(Number.short(ratio.high)) times the price of \(name)"
    let kind = price.quote.sameModel ? "" : ", which is another model"
    let sentence: String
    if ratio.low > 1 {
      sentence =
        "Pay the API unless the data must stay here: a million tokens (\(mixText)) cost \(comparison)\(kind)."
    } else if ratio.high < 1 {
      sentence =
        "Self-hosting is cheaper on these assumptions: a million tokens (\(mixText)) cost \(comparison)\(kind)."
    } else {
      sentence =
        "Too close to call: a million tokens (\(mixText)) cost \(comparison)\(kind). "
        + "The width comes from the assumptions below: give your own."
    }
    return wrapped(sentence)
  }

  private var mixText: String {
    let cached = cost.mix.cachedShare
    let parts = cost.mix.parts
    return
      "\(parts.input):\(parts.output) input to output"
      + (cached > 0 ? ", \(Number.percent(cached)) of the input cached" : "")
  }
}

extension TokenMix {
  /// Input and output in the smallest whole numbers: 5 and 3 of 500,000 and 300,000.
  var parts: (input: String, output: String) {
    guard let input = Int(exactly: inputTokens), let output = Int(exactly: outputTokens) else {
      return (Number.short(inputTokens), Number.short(outputTokens))
    }
    var (a, b) = (input, output)
    while b != 0 { (a, b) = (b, a % b) }
    return ("\(input / max(a, 1))", "\(output / max(a, 1))")
  }
}
