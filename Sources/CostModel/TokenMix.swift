// What is asked of a model: input, cached and output tokens, and what an API takes for them.

/// A proportion of input to output tokens and the share of the input that a cache serves.
public struct TokenMix: Sendable, Hashable {
  public let inputTokens: Double
  public let outputTokens: Double
  public let cachedShare: Double

  /// - Throws: `CostError` for negative or non-finite counts, a share outside 0...1, or no tokens.
  public init(
    inputTokens: Double, outputTokens: Double, cachedShare: Double = 0
  ) throws(CostError) {
    for (field, value) in [("input tokens", inputTokens), ("output tokens", outputTokens)] {
      guard value.isFinite else { throw .notANumber(field: field) }
      guard value >= 0 else {
        throw .outOfRange(field: field, value: value, rule: "must not be negative")
      }
    }
    guard cachedShare >= 0, cachedShare <= 1 else {
      throw .outOfRange(field: "cached share", value: cachedShare, rule: "must be from 0 to 1")
    }
    guard inputTokens + outputTokens > 0 else { throw .emptyMix }
    self.init(unchecked: inputTokens, outputTokens, cachedShare)
  }

  private init(unchecked inputTokens: Double, _ outputTokens: Double, _ cachedShare: Double) {
    self.inputTokens = inputTokens
    self.outputTokens = outputTokens
    self.cachedShare = cachedShare
  }

  /// Three input tokens to one output token, nothing cached: the field's usual blend.
  public static let threeToOne = TokenMix(unchecked: 3, 1, 0)
  /// Input tokens only.
  public static let inputOnly = TokenMix(unchecked: 1, 0, 0)
  /// Output tokens only.
  public static let outputOnly = TokenMix(unchecked: 0, 1, 0)

  public var totalTokens: Double { inputTokens + outputTokens }
}

/// List prices of an API in USD per million tokens.
public struct ApiPrice: Sendable, Hashable {
  public var inputUsdPerMillion: Double
  /// Price of a cache hit; nil where none is published.
  public var cachedInputUsdPerMillion: Double?
  public var outputUsdPerMillion: Double

  public init(
    inputUsdPerMillion: Double, cachedInputUsdPerMillion: Double? = nil,
    outputUsdPerMillion: Double
  ) {
    self.inputUsdPerMillion = inputUsdPerMillion
    self.cachedInputUsdPerMillion = cachedInputUsdPerMillion
    self.outputUsdPerMillion = outputUsdPerMillion
  }

  /// What `mix`'s own count of tokens costs.
  public func usd(for mix: TokenMix) -> Double {
    // Without a published price of a hit, a hit is billed as any input.
    let cached = cachedInputUsdPerMillion ?? inputUsdPerMillion
    let input =
      (1 - mix.cachedShare) * inputUsdPerMillion + mix.cachedShare * cached
    return (mix.inputTokens * input + mix.outputTokens * outputUsdPerMillion) / 1e6
  }

  /// The blended price of a million tokens of `mix`.
  public func usdPerMillion(for mix: TokenMix) -> Double {
    usd(for: mix) * 1e6 / mix.totalTokens
  }

  /// Whether a cache hit of `mix` had to be priced as ordinary input.
  public func assumesNoCacheDiscount(for mix: TokenMix) -> Bool {
    cachedInputUsdPerMillion == nil && mix.cachedShare > 0 && mix.inputTokens > 0
  }

  /// Every price times a factor, for scenarios of a rise or a fall.
  public func scaled(by factor: Double) -> ApiPrice {
    ApiPrice(
      inputUsdPerMillion: inputUsdPerMillion * factor,
      cachedInputUsdPerMillion: cachedInputUsdPerMillion.map { $0 * factor },
      outputUsdPerMillion: outputUsdPerMillion * factor)
  }
}
