// Sends requests to one server and says of each what was seen.

import AsyncHTTPClient
import Foundation
import Measurement
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A client of one origin. Nothing is ever sent elsewhere: redirects are not followed.
public final class EndpointClient: Sendable {
  let settings: EndpointSettings
  let clock = SystemClock()
  /// When times of the run count from.
  let origin: Double
  private let client: HTTPClient
  private let inFlight = Mutex<[Int: HTTPClient.Task<Attempt>]>([:])
  private let numbers = Atomic<Int>(0)
  private let isStopped = Atomic<Bool>(false)

  /// One event loop: the client must take as little as it can from a server on the same machine.
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  public init(_ settings: EndpointSettings) {
    self.settings = settings
    origin = clock.now()
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow, decompression: .disabled)
    configuration.timeout.connect = .nanoseconds(Int64(settings.timeouts.connect * 1e9))
    configuration.httpVersion = .http1Only
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.mostInFlight
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.http1_1ConnectionDebugInitializer = { HeadLimit.add(to: $0) }
    client = HTTPClient(eventLoopGroup: group, configuration: configuration)
  }

  /// Requests in flight at most.
  public static let mostInFlight = 1024

  public func shutdown() async {
    // Connections that were cut off close with an error, and that is no fault of the run.
    try? await client.shutdown()
    try? await group.shutdownGracefully()
  }

  /// Ends everything in flight; what is cancelled appears nowhere.
  public func cancelAll() {
    for task in inFlight.withLock({ Array($0.values) }) {
      task.fail(reason: RequestFault.cancelled)
    }
  }

  /// Like `cancelAll`, and nothing is sent any more.
  public func stop() {
    isStopped.store(true, ordering: .relaxed)
    cancelAll()
  }

  /// One request with its retries.
  ///
  /// - Parameter isWanted: Asked before each attempt and while waiting for one.
  /// - Returns: nil where it was cancelled or is not wanted any more.
  /// - Throws: `EndpointError` where the whole run should end.
  public func send(
    _ prompt: Prompt, isWanted: () -> Bool = { true }
  ) async throws(EndpointError) -> ServedRequest? {
    let scheduled = clock.now()
    let body: ByteBuffer
    do { body = try settings.body(prompt) } catch { throw .cannotStart("\(error)") }
    var waited = 0.0
    for retry in 0...max(0, settings.retries) {
      guard isWanted() else { return nil }
      let (attempt, seen) = await attempt(body, prompt)
      switch attempt {
      case .done(var request):
        request.retries = retry
        request.retryWait = waited
        return placed(request, scheduled)
      case .failed(.cancelled): return nil
      case .failed(let fault):
        return placed(failed(fault, seen, retry, waited), scheduled)
      case .stop(let error): throw error
      case .refusedForNow(let status, let values, let message):
        let seconds = RetryRule.seconds(
          values, retry: retry, now: Date().timeIntervalSince1970)
        if seconds > RetryRule.longest {
          return placed(
            failed(.retryTooLate(status: status, seconds: seconds), seen, retry, waited), scheduled)
        }
        if retry >= settings.retries {
          let fault = RequestFault.retriesExhausted(status: status, tried: retry, message)
          return placed(failed(fault, seen, retry, waited), scheduled)
        }
        waited += seconds
        guard await sleep(seconds, isWanted: isWanted) else { return nil }
      }
    }
    return nil
  }

  /// Sleeps in short pieces.
  ///
  /// - Returns: False where the client was stopped meanwhile, or the end is not wanted any more.
  func sleep(_ seconds: Double, isWanted: () -> Bool) async -> Bool {
    let end = clock.now() + seconds
    while !isStopped.load(ordering: .relaxed) && isWanted() {
      let left = end - clock.now()
      if left <= 0 { return true }
      try? await Task.sleep(for: .seconds(min(left, 0.1)))
    }
    return false
  }

  private typealias Seen = (sentAt: Double, end: Double, connect: Double?)

  private func attempt(_ body: ByteBuffer, _ prompt: Prompt) async -> (Attempt, Seen) {
    await exchange(
      method: .POST, body: body,
      .init(
        url: settings.address.text + settings.api.path, maximumTokens: prompt.maximumTokens,
        isStreaming: settings.isStreaming, timeouts: settings.timeouts, key: settings.key))
  }

  private func exchange(
    method: HTTPMethod, body: ByteBuffer?, _ asked: ExchangeState.Request
  ) async -> (Attempt, Seen) {
    let exchange = Exchange(asked)
    var attempt: Attempt
    do {
      guard !isStopped.load(ordering: .relaxed) else { throw RequestFault.cancelled }
      var request = try HTTPClient.Request(url: asked.url, method: method, headers: headers)
      if let body {
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .byteBuffer(body)
      }
      let task = client.execute(request: request, delegate: exchange)
      let number = numbers.add(1, ordering: .relaxed).newValue
      inFlight.withLock { $0[number] = task }
      defer { inFlight.withLock { _ = $0.removeValue(forKey: number) } }
      exchange.watch(task)
      attempt = try await task.get()
    } catch {
      let seen = exchange.partial()
      attempt =
        seen.early
        ?? .failed(
          RequestFault(
            error, isSent: seen.sentAt != nil, chunks: seen.chunks, timeouts: asked.timeouts))
    }
    let seen = exchange.partial()
    let sent = seen.sentAt ?? seen.startedAt
    return (attempt, (sent, clock.now() - sent, seen.sentAt.map { $0 - seen.startedAt }))
  }

  private var headers: HTTPHeaders {
    var headers = HTTPHeaders([
      ("Accept", "text/event-stream, application/json"), ("Accept-Encoding", "identity"),
      ("User-Agent", "moebench"),
    ])
    if let key = settings.key { headers.add(name: "Authorization", value: key.headerValue) }
    return headers
  }

  private func failed(
    _ fault: RequestFault, _ seen: Seen, _ retries: Int, _ waited: Double
  ) -> ServedRequest {
    var request = ServedRequest(sentAt: seen.sentAt, end: seen.end)
    request.connectSeconds = seen.connect
    request.retries = retries
    request.retryWait = waited
    var failure = fault.failure
    if let key = settings.key { failure.message = key.removed(from: failure.message) }
    request.failure = failure
    return request
  }

  private func placed(_ request: ServedRequest, _ scheduled: Double) -> ServedRequest {
    var request = request
    request.sentAt -= origin
    request.scheduledAt = scheduled - origin
    if let model = request.model, model != settings.model { request.flags.insert(.otherModel) }
    return request
  }

  /// Names in the server's list of models.
  public func models() async throws(EndpointError) -> [String] {
    var timeouts = settings.timeouts
    timeouts.total = min(timeouts.total, timeouts.firstToken)
    let url = settings.address.text + "/models"
    let taken = DocumentBox()
    let (attempt, _) = await exchange(
      method: .GET, body: nil,
      .init(
        url: url, maximumTokens: 0, isStreaming: false, timeouts: timeouts, key: settings.key,
        documentLimit: EndpointLimits.modelList, takesDocument: { taken.set($0) }))
    switch attempt {
    case .done:
      let names = try ModelList.names(taken.bytes)
      if let key = settings.key, names.contains(where: { key.removed(fromName: $0) != $0 }) {
        throw .unusableModelList("a name holds the API key")
      }
      return names
    case .stop(let error): throw error
    case .failed(.cancelled): throw .cancelled
    case .failed(let fault): throw .unreachable("\(url.printable(limit: 100)): \(fault)")
    case .refusedForNow(let status, _, let message):
      throw .unreachable("\(url.printable(limit: 100)): status \(status): \(message)")
    }
  }
}

/// Carries a document from the event loop.
private final class DocumentBox: Sendable {
  private let content = Mutex<[UInt8]>([])

  func set(_ bytes: [UInt8]) { content.withLock { $0 = bytes } }

  var bytes: [UInt8] { content.withLock { $0 } }
}
