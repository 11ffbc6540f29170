// The small HTTP client against a server on the loopback interface that answers once.

import Foundation
import Measurement
import TestSupport
import Testing

/// Accepts one connection, reads the request, sends fixed bytes and closes.
private final class OneShotServer: Sendable {
  private let listener: LoopbackSocket
  var port: UInt16 { listener.port }

  init(answer: String, delay: Double = 0) throws {
    listener = try LoopbackSocket(listens: true)
    let handle = listener.handle
    Thread.detachNewThread {
      let client = accept(handle, nil, nil)
      guard client >= 0 else { return }
      var bytes = [UInt8](repeating: 0, count: 4096)
      _ = recv(client, &bytes, bytes.count, 0)
      Thread.sleep(forTimeInterval: delay)
      // A client that has gone must be an error here, not a signal that ends the tests.
      #if canImport(Glibc)
        let flags = Int32(MSG_NOSIGNAL)
      #else
        let flags: Int32 = 0
        var on: Int32 = 1
        setsockopt(client, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
      #endif
      _ = answer.withCString { send(client, $0, strlen($0), flags) }
      close(client)
    }
  }

  func body(path: String = "/", timeout: Double = 5) throws -> Data {
    let get = try #require(HTTPGet(authority: "127.0.0.1:\(port)", path: path, timeout: timeout))
    return try get.body()
  }
}

@Suite struct HTTPGetTests {
  @Test("a Shelly behind the loopback interface is read")
  func shelly() throws {
    let server = try OneShotServer(
      answer: "HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n{\"apower\":87.5,\"voltage\":230.1}")
    let reader = try ShellyReader(authority: "127.0.0.1:\(server.port)", generation: .second)
    #expect(try reader.watts() == 87.5)
  }

  @Test(
    "answers that are not sound are reasons",
    arguments: [
      ("HTTP/1.1 404 Not Found\r\n\r\n", EnergyFault.garbage),
      ("HTTP/1.1 401 Unauthorized\r\n\r\n", .permissionDenied), ("garbage", .garbage),
      ("", .garbage),
      ("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", .garbage),
      ("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 70_000), .meterDisappeared),
    ])
  func unsound(answer: String, fault: EnergyFault) throws {
    let server = try OneShotServer(answer: answer)
    let error = #expect(throws: EnergyReason.self) { try server.body() }
    #expect(error?.fault == fault)
  }

  @Test("a server that does not answer is given up after the timeout")
  func silent() throws {
    let server = try OneShotServer(answer: "late", delay: 3)
    let error = #expect(throws: EnergyReason.self) { try server.body(timeout: 0.2) }
    #expect(error?.fault == .gap)
  }

  @Test("a closed port is a meter that disappeared")
  func closed() throws {
    let get = try #require(HTTPGet(authority: "127.0.0.1:\(ClosedPort.number())", path: "/"))
    let error = #expect(throws: EnergyReason.self) { try get.body() }
    #expect(error?.fault == .meterDisappeared)
  }

  @Test("authorities that could smuggle a request are refused")
  func authorities() {
    for bad in ["", "a b", "host/x", "host\r\nX: y", "host:0", "host:99999", "user@host", ":80"] {
      #expect(HTTPGet(authority: bad, path: "/") == nil, "\(bad)")
    }
    #expect(HTTPGet(authority: "host", path: "/a b") == nil)
    #expect(HTTPGet(authority: "[::1]:8080", path: "/")?.host == "::1")
    #expect(HTTPGet(authority: "plug.local", path: "/")?.port == 80)
  }
}
