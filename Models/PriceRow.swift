// One dated, sourced price of a model at a provider.

import CostModel

/// A row of a price table in USD per million tokens. What is unknown is nil, never 0.
public struct PriceRow: Sendable, Hashable {
  /// A list price, or what somebody says it is: claims and ratios are never used as prices.
  public enum Kind: String, Sendable, Hashable, CaseIterable { case list, claim, ratio }

  /// Hours at which a price with a clock holds.
  public enum TimeBand: String, Sendable, Hashable, CaseIterable {
    case peak
    case offPeak = "off_peak"
  }

  /// Other prices above a number of input tokens; nil where the new price is not known.
  public struct ContextStep: Sendable, Hashable {
    public let aboveInputTokens: Int
    public let inputFactor: Double?
    public let outputFactor: Double?
  }

  public var id: String
  public var provider: String
  public var model: String
  public var modelID: String
  public var kind: Kind
  /// Names of the catalogue's models with the same weights.
  public var catalogue: [String]
  /// Whether it belongs to the well-known models shown where the same model has no price.
  public var headline: Bool
  public var openWeights: Bool?
  public var usdPerMillionInput: Double?
  public var usdPerMillionCachedInput: Double?
  public var usdPerMillionOutput: Double?
  /// Share taken off for batches, 0.5 for half price.
  public var batchDiscount: Double?
  public var context: Int?
  public var contextSteps: [ContextStep]
  public var timeBand: TimeBand?
  /// Share of the week's hours in which the band holds.
  public var timeShare: Double?
  public var tier: String?
  public var validFrom: Day?
  /// First day on which it no longer holds; nil while it is listed.
  public var validTo: Day?
  /// When it was seen, as the source gives it.
  public var asOf: String
  public var source: String
  public var agreesWith: [String]
  /// What is doubtful about it; `free` marks a price of 0 as meant.
  public var flags: [String]
  public var note: String?
  public var currencyNote: String?
}

extension PriceRow {
  /// Whether the price holds on a day. Without a first day it holds before its end.
  public func holds(on day: Day) -> Bool {
    (validFrom.map { $0 <= day } ?? true) && (validTo.map { day < $0 } ?? true)
  }

  /// The day that decides between two rows of the same offer: when the price was seen.
  public var dayOfSight: Day? { Day(asOf) }

  /// Provider, model and tier, whatever the hour: what one bill is for.
  ///
  /// The tier of a price by the clock only describes its hours. A provider's name before the model,
  /// as LiteLLM writes it, says nothing more.
  public var service: String {
    let provider = provider.lowercased()
    var id = modelID.lowercased()
    if id.hasPrefix(provider + "/") { id.removeFirst(provider.count + 1) }
    return "\(provider)|\(id)|\(timeBand == nil ? tier?.lowercased() ?? "" : "")"
  }

  /// The same offer: a service and its hours.
  public var offer: String { "\(service)|\(timeBand?.rawValue ?? "")" }

  static let free = "free"

  /// What looks wrong about the prices beside each other, though it may be meant.
  public var doubts: [String] {
    guard let cached = usdPerMillionCachedInput else { return [] }
    if let input = usdPerMillionInput, cached > input {
      return ["a cached token at \(cached) $/M costs more than a computed one at \(input) $/M"]
    }
    if cached == 0 && !flags.contains(Self.free) {
      return ["a cached token at 0 $/M: free or unknown, so priced as any input"]
    }
    return []
  }

  /// The price for requests of this length; nil where input, output or the step is unknown.
  public func apiPrice(inputTokensPerRequest: Double = 0) -> ApiPrice? {
    guard kind == .list, let input = usdPerMillionInput, let output = usdPerMillionOutput
    else { return nil }
    var (inputFactor, outputFactor) = (1.0, 1.0)
    let reached = contextSteps.filter { Double($0.aboveInputTokens) < inputTokensPerRequest }
    if let step = reached.max(by: { $0.aboveInputTokens < $1.aboveInputTokens }) {
      guard let i = step.inputFactor, let o = step.outputFactor else { return nil }
      (inputFactor, outputFactor) = (i, o)
    }
    // Nothing is priced at 0 that does not say so.
    let cached = usdPerMillionCachedInput.flatMap {
      $0 == 0 && !flags.contains(Self.free) ? nil : $0
    }
    return ApiPrice(
      inputUsdPerMillion: input * inputFactor,
      cachedInputUsdPerMillion: cached.map { $0 * inputFactor },
      outputUsdPerMillion: output * outputFactor)
  }
}
