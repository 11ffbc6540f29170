// A TCP socket on the loopback address, at a port that the system chooses.

import Foundation

/// Bound, and closed when the value goes.
public struct LoopbackSocket: ~Copyable, Sendable {
  public let handle: Int32
  public let port: UInt16

  /// - Parameter listens: Whether connections are taken, one at a time.
  public init(listens: Bool = false) throws {
    #if canImport(Glibc)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    let handle = socket(AF_INET, kind, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
        bind(handle, plain, size) == 0 && (!listens || listen(handle, 1) == 0)
          && getsockname(handle, plain, &size) == 0
      }
    }
    guard isBound else {
      let code = POSIXErrorCode(rawValue: errno) ?? .EIO
      close(handle)
      throw POSIXError(code)
    }
    self.handle = handle
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit { close(handle) }
}
