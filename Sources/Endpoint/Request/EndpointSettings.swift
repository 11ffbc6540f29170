// How a server is asked, and how long it may take.

/// The two APIs that OpenAI-compatible servers share.
public enum EndpointAPI: String, Sendable, CaseIterable {
  case chat, completions

  var path: String {
    switch self {
    case .chat: "/chat/completions"
    case .completions: "/completions"
    }
  }
}

/// Longest times, seconds.
public struct EndpointTimeouts: Sendable, Equatable {
  public var connect = 10.0
  /// From the sent request to the first text.
  public var firstToken = 60.0
  /// Without a byte, once text has come.
  public var idle = 30.0
  /// The whole request.
  public var total = 600.0

  public init() {}
}

/// What may come back at most. A reply past a limit has failed.
enum EndpointLimits {
  static let line = 1 << 20
  static let heads = 256 << 10
  static let jsonDepth = 128
  static let body = 256 << 20
  /// A reply that is one JSON document.
  static let document = 16 << 20
  static let modelList = 64 << 20
  /// Of the body that comes with an error.
  static let errorBody = 4096
  static let shownOfError = 200
}

/// Everything about the requests but their prompts.
public struct EndpointSettings: Sendable {
  public var address: EndpointAddress
  public var api = EndpointAPI.chat
  public var model: String
  public var isStreaming = true
  /// Asks the server to write on after its end-of-text token, which vLLM, SGLang and llama.cpp understand.
  public var ignoresEndOfText = false
  public var key: APIKey?
  public var timeouts = EndpointTimeouts()
  /// After 429 and 503.
  public var retries = 3

  public init(address: EndpointAddress, model: String) {
    self.address = address
    self.model = model
  }
}
