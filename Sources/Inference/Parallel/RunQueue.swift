// How long a thread was ready to run and no processor was free for it.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The scheduler's account of one thread (Linux, `/proc/thread-self/schedstat`: nanoseconds run, nanoseconds waited to
/// run, and time slices). The wait counts what other programs took as well as what a control group's quota held back.
final class RunQueue: @unchecked Sendable {
  #if os(Linux)
    private let file: Int32

    /// Processes may often open 1024 files: pools of hundreds of threads leave half of them to others.
    private static let highestFile: Int32 = 511

    /// The account of the calling thread; nil where the system keeps none, or too many files are open.
    init?() {
      file = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)
      if file < 0 || file > Self.highestFile || waited == nil { return nil }
    }

    deinit { if file >= 0 { close(file) } }

    /// Nanoseconds waited so far. A microsecond's work, and allocates nothing.
    var waited: Int? {
      withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { buffer -> Int? in
        let count = pread(file, buffer.baseAddress, buffer.count, 0)
        guard count > 0 else { return nil }
        var (field, number, hasDigits) = (0, 0, false)
        for byte in buffer[..<count] {
          if byte >= 48 && byte <= 57 {
            guard field == 1 else { continue }
            let (tens, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            if isTooLarge { return nil }
            (number, hasDigits) = (tens &+ Int(byte - 48), true)
          } else {
            if field == 1 { break }
            field += 1
          }
        }
        return hasDigits ? number : nil
      }
    }
  #else
    init?() { return nil }
    var waited: Int? { nil }
  #endif
}
