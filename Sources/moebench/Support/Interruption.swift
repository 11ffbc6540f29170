// Ctrl-C and SIGTERM: the first asks the run to end, the second ends it.

import Measurement

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

enum Interruption {
  static let cancellation = Cancellation()
  nonisolated(unsafe) private static var signal: Int32 = 0
  nonisolated(unsafe) private static var hasResults = false

  /// Says that from here on a signal must let the work in progress be kept. Before, while a model is read or made, there
  /// is nothing to lose and a signal ends the process at once.
  static func keepsResults() { hasResults = true }

  /// Catches the signals from here on.
  static func install() {
    // Touched here: a handler must not be the first to initialise a global.
    _ = cancellation
    for number in [SIGINT, SIGTERM] {
      systemSignal(number) { caught in
        let isSecond = Interruption.cancellation.isCancelled
        if isSecond || !Interruption.hasResults { _exit(128 + caught) }
        Interruption.signal = caught
        Interruption.cancellation.cancel()
      }
    }
  }

  /// A closed pipe and a full quota become errors of the write that met them, instead of ending the process.
  static func ignoreWriteSignals() {
    systemSignal(SIGPIPE, SIG_IGN)
    systemSignal(SIGXFSZ, SIG_IGN)
  }

  /// The status to end with, where a signal was caught.
  static var status: ExitStatus? {
    switch signal {
    case SIGINT: .interrupted
    case SIGTERM: .terminated
    default: nil
    }
  }
}

/// `signal(2)`, which the enum's own variable would hide.
private func systemSignal(
  _ number: Int32, _ handler: (@convention(c) (Int32) -> Void)?
) {
  signal(number, handler)
}
