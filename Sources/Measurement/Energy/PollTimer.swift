// Calls back on a background queue until it is released.

// The timer is only made and cancelled here; Dispatch does not say that it may cross threads.
@preconcurrency import Dispatch

/// A repeating timer with the lifetime of its owner.
final class PollTimer: Sendable {
  private let timer: any DispatchSourceTimer

  /// - Parameters:
  ///   - seconds: Period; the first call comes after one.
  ///   - body: Must not keep the owner alive: capture it weakly.
  init(every seconds: Double, _ body: @escaping @Sendable () -> Void) {
    timer = DispatchSource.makeTimerSource(queue: .global(qos: .utility))
    timer.schedule(deadline: .now() + seconds, repeating: seconds, leeway: .milliseconds(100))
    timer.setEventHandler(handler: body)
    timer.resume()
  }

  deinit { timer.cancel() }
}
