// Every way a single request can fail, and its wording.

import Measurement

/// Why a request does not count. The run goes on.
package enum RequestFault: Error, Equatable {
  case connectTimeout(seconds: Double)
  case cannotConnect(String)
  case firstTokenTimeout(seconds: Double)
  case idleTimeout(seconds: Double, chunks: Int)
  case totalTimeout(seconds: Double, chunks: Int)
  case connectionReset(chunks: Int)
  case truncated(chunks: Int)
  case malformedHTTP(String)
  case headsTooLarge
  case lineTooLong
  case bodyTooLarge(limit: Int)
  case status(Int, String)
  case retriesExhausted(status: Int, tried: Int, String)
  case retryTooLate(status: Int, seconds: Double)
  case noBody(status: Int)
  case contentType(String)
  case contentEncoding(String)
  case unaskedStream
  case invalidJSON(event: Int, rule: String, beginning: String)
  case invalidReply(event: Int, String)
  case invalidUsage(String)
  case serverError(String)
  case incomplete(chunks: Int)
  case endless(chunks: Int, asked: Int)
  case other(String)
  /// Stopped by us: in no result.
  case cancelled
}

extension RequestFault {
  /// Stable names for scripts.
  var code: String {
    switch self {
    case .connectTimeout: "connect_timeout"
    case .cannotConnect: "cannot_connect"
    case .firstTokenTimeout: "first_token_timeout"
    case .idleTimeout: "idle_timeout"
    case .totalTimeout: "total_timeout"
    case .connectionReset: "connection_reset"
    case .truncated: "truncated"
    case .malformedHTTP: "malformed_http"
    case .headsTooLarge: "headers_too_large"
    case .lineTooLong: "line_too_long"
    case .bodyTooLarge: "body_too_large"
    case .status(let status, _): "http_\(status)"
    case .retriesExhausted(let status, _, _), .retryTooLate(let status, _): "http_\(status)"
    case .noBody: "no_body"
    case .contentType: "content_type"
    case .contentEncoding: "content_encoding"
    case .unaskedStream: "unasked_stream"
    case .invalidJSON: "invalid_json"
    case .invalidReply: "invalid_reply"
    case .invalidUsage: "invalid_usage"
    case .serverError: "server_error"
    case .incomplete: "incomplete"
    case .endless: "endless"
    case .other: "other"
    case .cancelled: "cancelled"
    }
  }

  /// Whether waiting for the server was what failed.
  var isTimeout: Bool {
    switch self {
    case .connectTimeout, .firstTokenTimeout, .idleTimeout, .totalTimeout: true
    default: false
    }
  }

  var isConnection: Bool {
    switch self {
    case .connectTimeout, .cannotConnect: true
    default: false
    }
  }

  /// Whether the server wanted to be asked later, again and again.
  var isPutOff: Bool {
    switch self {
    case .retriesExhausted, .retryTooLate: true
    default: false
    }
  }

  var failure: ServedRequest.Failure {
    .init(
      code: code, message: description, isTimeout: isTimeout, isConnection: isConnection,
      isPutOff: isPutOff)
  }
}

extension RequestFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .connectTimeout(let seconds): "no connection within \(Self.time(seconds))"
    case .cannotConnect(let reason): "cannot connect: \(reason)"
    case .firstTokenTimeout(let seconds): "no token within \(Self.time(seconds))"
    case .idleTimeout(let seconds, let chunks):
      "nothing came for \(Self.time(seconds)), after \(Self.chunks(chunks))"
    case .totalTimeout(let seconds, let chunks):
      "not done within \(Self.time(seconds)), after \(Self.chunks(chunks))"
    case .connectionReset(let chunks): "connection reset after \(Self.chunks(chunks))"
    case .truncated(let chunks): "truncated: the connection closed after \(Self.chunks(chunks))"
    case .malformedHTTP(let rule): "not HTTP: \(rule)"
    case .headsTooLarge: "the reply's headers exceed \(EndpointLimits.heads >> 10) KiB"
    case .lineTooLong: "a line of the stream exceeds \(EndpointLimits.line >> 20) MiB"
    case .bodyTooLarge(let limit): "the reply exceeds \(limit >> 20) MiB"
    case .status(let status, let message): "status \(status): \(message)"
    case .retriesExhausted(let status, let tried, let message):
      "status \(status) after \(tried) retr\(tried == 1 ? "y" : "ies"): \(message)"
    case .retryTooLate(let status, let seconds):
      "status \(status): asked to wait \(seconds < 1e15 ? "\(Int(seconds)) s" : "for ever"), "
        + "more than the \(Int(RetryRule.longest)) s that are waited at most"
    case .noBody(let status): "status \(status) without a body"
    case .contentType(let type): "content-type \(type)"
    case .contentEncoding(let coding): "content-encoding \(coding), which was not asked for"
    case .unaskedStream:
      "the server streams though it was asked not to (content-type text/event-stream)"
    case .invalidJSON(let event, let rule, let beginning):
      "invalid SSE JSON at event \(event): \(rule): \(beginning)"
    case .invalidReply(let event, let rule): "event \(event): \(rule)"
    case .invalidUsage(let rule): "usage: \(rule)"
    case .serverError(let message): "the server reports: \(message)"
    case .incomplete(let chunks):
      "incomplete: ended after \(Self.chunks(chunks)) with neither finish_reason nor [DONE]"
    case .endless(let chunks, let asked):
      "endless: cut off at \(Self.chunks(chunks)), more than twice the \(asked) tokens asked for"
    case .other(let text): text
    case .cancelled: "cancelled"
    }
  }

  private static func time(_ seconds: Double) -> String {
    seconds == seconds.rounded() && seconds < 1e9 ? "\(Int(seconds)) s" : "\(seconds) s"
  }

  private static func chunks(_ count: Int) -> String {
    count == 1 ? "1 chunk of text" : "\(count) chunks of text"
  }
}
