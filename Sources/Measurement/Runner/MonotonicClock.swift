// The only clock that times anything: it never steps with the date.

import Foundation

/// Seconds since an arbitrary start.
public protocol MonotonicClock: Sendable {
  func now() -> Double
}

/// CLOCK_MONOTONIC; on macOS CLOCK_UPTIME_RAW, which does not count sleep.
public struct SystemClock: MonotonicClock {
  public init() {}

  public func now() -> Double {
    #if canImport(Darwin)
      Double(clock_gettime_nsec_np(CLOCK_UPTIME_RAW)) * 1e-9
    #else
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    #endif
  }
}
