// The state of one attempt: what the head promised, what came, and when patience ends.

import Measurement
import NIOCore
import NIOHTTP1

struct ExchangeState {
  /// What was asked, and what must not be repeated.
  struct Request {
    let url: String
    let maximumTokens: Int
    let isStreaming: Bool
    let timeouts: EndpointTimeouts
    let key: APIKey?
    var documentLimit = EndpointLimits.document
    /// Takes a whole document that is no completion.
    var takesDocument: (@Sendable ([UInt8]) -> Void)?
  }

  private enum Body {
    case none
    case stream(StreamReply)
    case document([UInt8], limit: Int)
    case error(status: Int, retryAfter: [String], [UInt8])
  }

  private let request: Request
  let startedAt: Double
  var sentAt: Double?
  var isOver = false
  var timedOut = false
  private var body = Body.none
  private var status = 0
  private var received = 0
  private var lastByteAt: Double?
  /// Known before the body ended; the rest of it is not wanted.
  private(set) var early: Attempt?

  init(_ request: Request, startedAt: Double) {
    self.request = request
    self.startedAt = startedAt
  }

  var chunks: Int {
    if case .stream(let reply) = body { reply.chunks } else { 0 }
  }

  /// When to give up next, and what to say then.
  var deadline: (time: Double, fault: RequestFault) {
    let times = request.timeouts
    let total = (
      startedAt + times.total, RequestFault.totalTimeout(seconds: times.total, chunks: chunks)
    )
    let phase: (Double, RequestFault) =
      if let sentAt {
        if let lastByteAt, chunks > 0 || isDocument {
          (lastByteAt + times.idle, .idleTimeout(seconds: times.idle, chunks: chunks))
        } else if request.isStreaming {
          (sentAt + times.firstToken, .firstTokenTimeout(seconds: times.firstToken))
        } else {
          total
        }
      } else {
        (startedAt + times.connect, .connectTimeout(seconds: times.connect))
      }
    return phase.0 < total.0 ? phase : total
  }

  private var isDocument: Bool {
    switch body {
    case .document, .error: true
    case .none, .stream: false
    }
  }

  mutating func receive(_ head: HTTPResponseHead, at now: Double) throws(RequestFault) {
    lastByteAt = now
    status = Int(head.status.code)
    switch status {
    case 200, 201:
      body = try expectedBody(head.headers)
    case 300..<400:
      let location = head.headers.first(name: "location") ?? "nowhere"
      try stop(.redirected(status: status, location: clean(location)))
    case 204..<300: throw .noBody(status: status)
    default:
      body = .error(status: status, retryAfter: head.headers["retry-after"], [])
    }
  }

  private func expectedBody(_ headers: HTTPHeaders) throws(RequestFault) -> Body {
    if let coding = headers.first(name: "content-encoding"), coding.lowercased() != "identity" {
      throw .contentEncoding(clean(coding))
    }
    let full = headers.first(name: "content-type") ?? ""
    let type = full.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
    switch type {
    case "text/event-stream":
      guard request.isStreaming else { throw .unaskedStream }
      return .stream(StreamReply(asked: request.maximumTokens, key: request.key))
    case "application/json": return .document([], limit: request.documentLimit)
    case "":
      return request.isStreaming
        ? .stream(StreamReply(asked: request.maximumTokens, key: request.key))
        : .document([], limit: request.documentLimit)
    default: throw .contentType(clean(full))
    }
  }

  mutating func receive(_ bytes: ByteBufferView, at now: Double) throws(RequestFault) {
    lastByteAt = now
    received += bytes.count
    guard received <= EndpointLimits.body else { throw .bodyTooLarge(limit: EndpointLimits.body) }
    let time = now - (sentAt ?? startedAt)
    switch body {
    case .stream(var reply):
      // Taken out, so that the arrays inside are not copied.
      body = .none
      defer { body = .stream(reply) }
      try reply.receive(bytes, at: time)
    case .document(var bytesSoFar, let limit):
      body = .none
      guard bytesSoFar.count + bytes.count <= limit else { throw .bodyTooLarge(limit: limit) }
      bytesSoFar += bytes
      body = .document(bytesSoFar, limit: limit)
    case .error(let status, let retryAfter, var text):
      body = .none
      text += bytes.prefix(EndpointLimits.errorBody - text.count)
      body = .error(status: status, retryAfter: retryAfter, text)
      // A page of any length says no more than its beginning.
      if text.count >= EndpointLimits.errorBody {
        early = try end(at: now)
        throw .cancelled
      }
    case .none: break
    }
  }

  private mutating func stop(_ error: EndpointError) throws(RequestFault) {
    early = .stop(error)
    throw .cancelled
  }

  /// The body has ended.
  mutating func end(at now: Double) throws(RequestFault) -> Attempt {
    let time = now - (sentAt ?? startedAt)
    switch body {
    case .none: throw .noBody(status: status)
    case .stream(var reply):
      guard received > 0 else { throw .noBody(status: status) }
      return .done(placed(try reply.finish(at: time)))
    case .document(let bytes, _):
      guard !bytes.isEmpty else { throw .noBody(status: status) }
      if let takesDocument = request.takesDocument {
        takesDocument(bytes)
        return .done(placed(ServedRequest(sentAt: 0, end: time)))
      }
      return .done(
        placed(
          try WholeReply.facts(
            bytes, at: time, asked: request.maximumTokens, isExpected: !request.isStreaming,
            key: request.key)))
    case .error(let status, let retryAfter, let text):
      return try refusal(status, retryAfter, ErrorBody.message(text, clean: clean))
    }
  }

  private func refusal(
    _ status: Int, _ retryAfter: [String], _ message: String
  ) throws(RequestFault) -> Attempt {
    switch status {
    case 401, 403: return .stop(.refused(status: status, message: message))
    case 404, 405: return .stop(.notFound(status: status, url: request.url, message: message))
    case 429, 503:
      return .refusedForNow(status: status, retryAfter: retryAfter, message: message)
    default: throw .status(status, message)
    }
  }

  private func placed(_ facts: ServedRequest) -> ServedRequest {
    var facts = facts
    let sent = sentAt ?? startedAt
    facts.sentAt = sent
    facts.connectSeconds = sent - startedAt
    return facts
  }

  /// Printable, short and without the key.
  private func clean(_ text: String) -> String {
    (request.key?.removed(from: text) ?? text).printable(limit: EndpointLimits.shownOfError)
  }
}
