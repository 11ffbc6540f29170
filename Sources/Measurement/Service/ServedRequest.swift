// One request to a server, as its bytes were seen to arrive; every statistic is computed from these.

/// What was observed of one request. Times are seconds.
public struct ServedRequest: Sendable {
  /// Where the count of output tokens comes from.
  public enum TokenSource: String, Sendable {
    /// The server's own `usage`.
    case usage
    /// No usage came: chunks were counted, which may hold several tokens each.
    case estimatedFromChunks = "estimated (chunks)"
    /// The usage cannot be true beside the text that came; the count is of chunks.
    case disputed = "estimated (chunks): usage disagrees with the stream"
  }

  /// Why a request does not count as a success. `code` is stable, `message` is for people.
  public struct Failure: Sendable, Equatable {
    public let code: String
    public var message: String
    /// Waiting for the server was what failed.
    public let isTimeout: Bool
    /// There was no connection.
    public let isConnection: Bool
    /// The server had no room, and had none until the last retry.
    public let isPutOff: Bool

    public init(
      code: String, message: String, isTimeout: Bool = false, isConnection: Bool = false,
      isPutOff: Bool = false
    ) {
      self.code = code
      self.message = message
      self.isTimeout = isTimeout
      self.isConnection = isConnection
      self.isPutOff = isPutOff
    }
  }

  /// What is odd about a request that succeeded.
  public enum Flag: String, Sendable, CaseIterable {
    case notStreamed = "not_streamed"
    case usageDisagrees = "usage_disagrees"
    case noUsage = "no_usage"
    case otherModel = "other_model"
    case otherChoices = "other_choices"
    case short
    case tooManyTokens = "too_many_tokens"
    case noTokens = "no_tokens"
    case tooFastToMeasure = "too_fast_to_measure"
  }

  /// After the run began: when the request was to be sent.
  public var scheduledAt = 0.0
  /// After the run began: when its head was written to an open connection.
  public var sentAt: Double
  /// From the wish to send to the written head: 0 to a few tens of microseconds where a connection was open.
  public var connectSeconds: Double?
  /// From here on: after `sentAt`. First text of any kind, reasoning included.
  public var firstToken: Double?
  /// First text of the answer proper, where reasoning came before it.
  public var firstAnswer: Double?
  public var lastToken: Double?
  /// The reply's last byte, or the failure.
  public var end: Double
  /// Between one chunk with text and the next.
  public var gaps: [Double] = []
  /// Events that carried text.
  public var chunks = 0
  public var textBytes = 0
  /// Of the text that was sent.
  public var promptBytes = 0
  public var promptTokens: Int?
  /// Of the prompt's tokens, those that the server says it found in its cache.
  public var cachedTokens: Int?
  public var outputTokens: Int?
  /// The server's figure, where it disagrees: what would be billed.
  public var billedTokens: Int?
  public var tokenSource: TokenSource?
  public var finishReason: String?
  public var model: String?
  public var flags: Set<Flag> = []
  public var retries = 0
  /// Waited before retries; part of no latency.
  public var retryWait = 0.0
  public var failure: Failure?
  /// False in warm-up and cool-down.
  public var isMeasured = true

  public init(sentAt: Double, end: Double) {
    self.sentAt = sentAt
    self.end = end
  }

  public var succeeded: Bool { failure == nil }
}

extension ServedRequest {
  /// Below this span of arrivals, jitter of the event loop (some 0.1 ms at each end) exceeds 2 %.
  public static let shortestSpan = 0.010
  /// The same for the time to the first token.
  public static let shortestPrefill = 0.002

  /// Tokens that came after the first chunk: n - 1 where each chunk is a token.
  public var tokensAfterFirst: Double? {
    guard let outputTokens, chunks > 1, outputTokens > 1 else { return nil }
    return Double(outputTokens) * Double(chunks - 1) / Double(chunks)
  }

  /// Time between the first and the last token; nil where the reply did not stream or was too fast.
  public var decodeSeconds: Double? {
    guard let firstToken, let lastToken, !flags.contains(.notStreamed), chunks > 1 else {
      return nil
    }
    let span = lastToken - firstToken
    return span >= Self.shortestSpan ? span : nil
  }

  public var secondsPerOutputToken: Double? {
    guard let decodeSeconds, let tokensAfterFirst else { return nil }
    return decodeSeconds / tokensAfterFirst
  }

  /// Whether most of the prompt came from the server's cache.
  public var isCached: Bool {
    guard let cachedTokens, let promptTokens, promptTokens > 0 else { return false }
    return Double(cachedTokens) > 0.5 * Double(promptTokens)
  }

  /// Prompt tokens that had to be worked through.
  public var prefillTokens: Int? {
    promptTokens.map { max(0, $0 - (cachedTokens ?? 0)) }
  }
}
