// What SwiftNIO and AsyncHTTPClient report, as the facts of a request.

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension RequestFault {
  /// - Parameters:
  ///   - isSent: Whether the request's head was written; before, any failure is one to connect.
  ///   - chunks: With text, that had come.
  init(_ error: any Error, isSent: Bool, chunks: Int, timeouts: EndpointTimeouts) {
    switch error {
    case let fault as RequestFault: self = fault
    case let error as HTTPClientError: self.init(error, isSent, chunks, timeouts)
    case let error as NIOConnectionError: self.init(error)
    case let error as IOError where isSent:
      self =
        error.errnoCode == ECONNRESET || error.errnoCode == EPIPE
        ? .connectionReset(chunks: chunks) : .other("connection: \(Self.words(error.errnoCode))")
    case let error as IOError: self = .cannotConnect(Self.words(error.errnoCode))
    case ChannelError.connectTimeout: self = .connectTimeout(seconds: timeouts.connect)
    case let error as HTTPParserError: self.init(error, chunks)
    case is ChannelError where isSent: self = .truncated(chunks: chunks)
    default:
      let text = "\(error)".printable(limit: EndpointLimits.shownOfError)
      self = isSent ? .other(text) : .cannotConnect(text)
    }
  }

  private init(
    _ error: HTTPClientError, _ isSent: Bool, _ chunks: Int, _ timeouts: EndpointTimeouts
  ) {
    switch error {
    case .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout:
      self = .connectTimeout(seconds: timeouts.connect)
    case .remoteConnectionClosed, .uncleanShutdown:
      self =
        isSent ? .truncated(chunks: chunks) : .cannotConnect("the server closed the connection")
    case .cancelled: self = .cancelled
    default: self = .other(error.shortDescription.printable(limit: EndpointLimits.shownOfError))
    }
  }

  private init(_ error: NIOConnectionError) {
    let first = error.connectionErrors.first?.error ?? error.dnsAError ?? error.dnsAAAAError
    switch first {
    case let error as IOError: self = .cannotConnect(Self.words(error.errnoCode))
    case let error?: self = .cannotConnect("\(error)".printable(limit: 120))
    case nil: self = .cannotConnect("the name has no address")
    }
  }

  private init(_ error: HTTPParserError, _ chunks: Int) {
    switch error {
    case .invalidEOFState, .closedConnection: self = .truncated(chunks: chunks)
    case .headerOverflow: self = .headsTooLarge
    default: self = .malformedHTTP("\(error)".printable(limit: 80))
    }
  }

  private static func words(_ number: CInt) -> String { String(cString: strerror(number)) }
}
