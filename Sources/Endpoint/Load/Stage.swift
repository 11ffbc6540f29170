// The requests of one stage, dealt out to workers and collected from them.

import Measurement
import Synchronization

/// Shared by the workers of a stage.
final class Stage: Sendable {
  struct Ticket {
    let number: Int
    let isMeasured: Bool
  }

  private struct State {
    var taken = 0
    var open = 0
    var requests: [ServedRequest] = []
    var inVainInARow = 0
    var stopped: String?
    var error: EndpointError?
  }

  let planned: Int
  /// Requests that keep up the load at the end.
  private let extra: Int
  private let isMeasured: Bool
  private let firstPrompt: Int
  private let state = Mutex(State())

  /// So many requests in a row that waited in vain end a run.
  private static let patience = 5

  init(planned: Int, extra: Int, isMeasured: Bool, firstPrompt: Int) {
    self.planned = planned
    self.extra = extra
    self.isMeasured = isMeasured
    self.firstPrompt = firstPrompt
    state.withLock { $0.open = planned }
  }

  var requests: [ServedRequest] { state.withLock { $0.requests } }
  var stopped: String? { state.withLock { $0.stopped } }
  var error: EndpointError? { state.withLock { $0.error } }
  var done: Int { state.withLock { planned - $0.open } }

  /// Whether anything of this stage is still waited for.
  var isOpen: Bool {
    state.withLock { $0.open > 0 && $0.stopped == nil && $0.error == nil }
  }

  /// The next request to send; nil where none is left.
  func take() -> Ticket? {
    state.withLock { state in
      guard state.stopped == nil, state.error == nil, state.open > 0,
        state.taken < planned + extra
      else { return nil }
      defer { state.taken += 1 }
      return Ticket(
        number: firstPrompt + state.taken, isMeasured: isMeasured && state.taken < planned)
    }
  }

  /// - Parameter nothingWorked: No request of the run has succeeded yet.
  /// - Returns: True once what is still in flight is not wanted any more.
  func put(_ request: ServedRequest, _ ticket: Ticket, nothingWorked: Bool) -> Bool {
    state.withLock { state in
      state.requests.append(request)
      if ticket.isMeasured || !isMeasured { state.open -= 1 }
      let failure = request.failure
      let isInVain = failure.map { $0.isTimeout || $0.isPutOff } ?? false
      state.inVainInARow = isInVain ? state.inVainInARow + 1 : 0
      if let failure, nothingWorked, failure.isConnection || failure.isTimeout {
        state.stopped = "no request had succeeded yet, and one failed: \(failure.message)"
      } else if state.inVainInARow >= Self.patience {
        state.stopped = "\(state.inVainInARow) requests in a row timed out or were put off"
      }
      return state.open == 0 || state.stopped != nil
    }
  }

  /// A request that was cut off is no longer waited for.
  func leave(_ ticket: Ticket) {
    state.withLock { if ticket.isMeasured || !isMeasured { $0.open -= 1 } }
  }

  func fail(_ error: EndpointError) {
    state.withLock { $0.error = $0.error ?? error }
  }
}
