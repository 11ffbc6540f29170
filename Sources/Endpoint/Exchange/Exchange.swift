// One attempt at one request, timed where its bytes arrive: on the event loop, before any task switch.

import AsyncHTTPClient
import Measurement
import NIOCore
import NIOHTTP1
import Synchronization

/// What an attempt came to.
enum Attempt: Sendable {
  case done(ServedRequest)
  case failed(RequestFault)
  /// 429 or 503, with the values of Retry-After.
  case refusedForNow(status: Int, retryAfter: [String], message: String)
  case stop(EndpointError)
}

/// Receives a reply. All calls come on one event loop; the lock makes that known to the compiler.
final class Exchange: HTTPClientResponseDelegate {
  typealias Response = Attempt

  private let state: Mutex<ExchangeState>
  private let clock = SystemClock()

  init(_ request: ExchangeState.Request) {
    state = Mutex(ExchangeState(request, startedAt: clock.now()))
  }

  /// Begins to watch the deadlines; to be called once with the task that carries this exchange.
  func watch(_ task: HTTPClient.Task<Attempt>) {
    let now = clock.now()
    let due = state.withLock { $0.isOver ? nil : $0.deadline.time }
    guard let due else { return }
    let delay = TimeAmount.nanoseconds(Int64(max(0, min(due - now, 1e6)) * 1e9) + 1_000_000)
    task.eventLoop.scheduleTask(in: delay) { [weak self, weak task] in
      guard let self, let task else { return }
      let now = self.clock.now()
      let fault = self.state.withLock { state -> RequestFault? in
        guard !state.isOver, now >= state.deadline.time else { return nil }
        state.timedOut = true
        return state.deadline.fault
      }
      if let fault { task.fail(reason: fault) } else { self.watch(task) }
    }
  }

  func didSendRequestHead(task: HTTPClient.Task<Attempt>, _ head: HTTPRequestHead) {
    let now = clock.now()
    state.withLock { $0.sentAt = $0.sentAt ?? now }
  }

  func didReceiveHead(
    task: HTTPClient.Task<Attempt>, _ head: HTTPResponseHead
  ) -> EventLoopFuture<Void> {
    finish(task) { state, now throws(RequestFault) in try state.receive(head, at: now) }
  }

  func didReceiveBodyPart(
    task: HTTPClient.Task<Attempt>, _ buffer: ByteBuffer
  ) -> EventLoopFuture<Void> {
    finish(task) { state, now throws(RequestFault) in
      try state.receive(buffer.readableBytesView, at: now)
    }
  }

  func didFinishRequest(task: HTTPClient.Task<Attempt>) throws -> Attempt {
    let now = clock.now()
    return state.withLock { state in
      state.isOver = true
      do throws(RequestFault) { return try state.end(at: now) } catch { return .failed(error) }
    }
  }

  func didReceiveError(task: HTTPClient.Task<Attempt>, _ error: any Error) {
    state.withLock { $0.isOver = true }
  }

  private func finish(
    _ task: HTTPClient.Task<Attempt>,
    _ step: (inout ExchangeState, Double) throws(RequestFault) -> Void
  ) -> EventLoopFuture<Void> {
    let now = clock.now()
    let fault = state.withLock { state -> RequestFault? in
      do throws(RequestFault) {
        try step(&state, now)
        return nil
      } catch { return error }
    }
    guard let fault else { return task.eventLoop.makeSucceededVoidFuture() }
    return task.eventLoop.makeFailedFuture(fault)
  }

  /// What was seen up to a failure, for the record that stands in the result.
  func partial() -> (sentAt: Double?, startedAt: Double, chunks: Int, early: Attempt?) {
    state.withLock { ($0.sentAt, $0.startedAt, $0.chunks, $0.early) }
  }
}
