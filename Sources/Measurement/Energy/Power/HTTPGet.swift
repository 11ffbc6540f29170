// One plain HTTP/1.0 GET, for meters on the local network. No TLS, no redirects, small answers.

import Foundation

/// Fetches a small document from `host[:port]`.
package struct HTTPGet: Sendable {
  package static let limit = 64 << 10

  package let host: String
  package let port: UInt16
  package let path: String
  package let timeout: Double

  /// - Parameter authority: `192.168.1.5`, `plug.local:8080` or `[::1]:80`; `nil` where it is not one.
  package init?(authority: String, path: String, timeout: Double = 5) {
    var name = authority[...]
    var port: UInt16 = 80
    let bracket = name.lastIndex(of: "]")
    if let colon = name.lastIndex(of: ":"), bracket.map({ $0 < colon }) ?? true {
      guard let number = UInt16(name[name.index(after: colon)...]), number > 0 else { return nil }
      port = number
      name = name[..<colon]
    }
    if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
    // Nothing that could end the request line or a header early.
    let allowed = name.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF)
        || [0x2D, 0x2E, 0x3A].contains($0)
    }
    guard !name.isEmpty, name.utf8.count <= 253, allowed, path.hasPrefix("/"),
      path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { return nil }
    host = String(name)
    self.port = port
    self.path = path
    self.timeout = timeout
  }

  /// The body of an answer with status 200.
  package func body() throws(EnergyReason) -> Data {
    let deadline = Date(timeIntervalSinceNow: timeout)
    let socket = try connect(until: deadline)
    defer { close(socket) }
    let name = host.contains(":") ? "[\(host)]" : host
    try send(
      "GET \(path) HTTP/1.0\r\nHost: \(name)\r\nAccept: application/json\r\n\r\n", socket,
      until: deadline)
    return try Self.parse(try receive(socket, until: deadline), from: host)
  }

  package static func parse(_ answer: Data, from host: String) throws(EnergyReason) -> Data {
    guard let end = answer.range(of: Data("\r\n\r\n".utf8)),
      let head = String(data: answer[..<end.lowerBound], encoding: .isoLatin1)
    else { throw EnergyReason(.garbage, "\(host) sent no HTTP answer") }
    let lines = head.components(separatedBy: "\r\n")
    let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) }
    guard lines[0].hasPrefix("HTTP/1."), let status else {
      throw EnergyReason(.garbage, "\(host) sent no HTTP answer")
    }
    guard status == 200 else {
      let kind: EnergyFault = status == 401 || status == 403 ? .permissionDenied : .garbage
      throw EnergyReason(kind, "\(host) answered with status \(status)")
    }
    let body = answer[end.upperBound...]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, parts[0].lowercased() == "content-length" else { continue }
      guard Int(parts[1].trimmed) == body.count else {
        throw EnergyReason(
          .garbage, "\(host) sent \(body.count) bytes of \(parts[1].trimmed.clipped)")
      }
    }
    return Data(body)
  }

  private func connect(until deadline: Date) throws(EnergyReason) -> Int32 {
    var hints = addrinfo()
    #if canImport(Glibc)
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #else
      hints.ai_socktype = SOCK_STREAM
    #endif
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &list) == 0, let first = list else {
      throw EnergyReason(.noMeter, "\(host) is not known")
    }
    defer { freeaddrinfo(list) }
    var next: UnsafeMutablePointer<addrinfo>? = first
    var reason = EnergyReason(.noMeter, "\(host):\(port) has no address")
    while let address = next {
      do throws(EnergyReason) { return try connect(address.pointee, until: deadline) } catch {
        reason = error
      }
      next = address.pointee.ai_next
    }
    throw reason
  }

  private func connect(_ address: addrinfo, until deadline: Date) throws(EnergyReason) -> Int32 {
    let descriptor = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
    guard descriptor >= 0 else { throw fault("no socket") }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    #if canImport(Darwin)
      var on: Int32 = 1
      setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
    #endif
    do throws(EnergyReason) {
      if Foundation.connect(descriptor, address.ai_addr, address.ai_addrlen) != 0 {
        guard errno == EINPROGRESS else { throw fault(String(cString: strerror(errno))) }
        try wait(descriptor, POLLOUT, until: deadline)
        var number: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &size) == 0, number == 0 else {
          throw fault(String(cString: strerror(number)))
        }
      }
      return descriptor
    } catch {
      close(descriptor)
      throw error
    }
  }

  private func send(_ text: String, _ socket: Int32, until deadline: Date) throws(EnergyReason) {
    var bytes = Array(text.utf8)[...]
    #if canImport(Glibc)
      let flags = Int32(MSG_NOSIGNAL)
    #else
      let flags: Int32 = 0
    #endif
    while !bytes.isEmpty {
      try wait(socket, POLLOUT, until: deadline)
      let count = bytes.withUnsafeBytes { Foundation.send(socket, $0.baseAddress, $0.count, flags) }
      if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      guard count > 0 else { throw fault("connection closed") }
      bytes = bytes.dropFirst(count)
    }
  }

  private func receive(_ socket: Int32, until deadline: Date) throws(EnergyReason) -> Data {
    var data = Data()
    var chunk = [UInt8](repeating: 0, count: 8192)
    while true {
      try wait(socket, POLLIN, until: deadline)
      let count = recv(socket, &chunk, chunk.count, 0)
      if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      guard count >= 0 else { throw fault(String(cString: strerror(errno))) }
      if count == 0 { return data }
      data.append(contentsOf: chunk[..<count])
      guard data.count <= Self.limit else { throw fault("answer over \(Self.limit) bytes") }
    }
  }

  private func wait(_ socket: Int32, _ event: Int32, until deadline: Date) throws(EnergyReason) {
    while true {
      let left = deadline.timeIntervalSinceNow
      guard left > 0 else {
        throw EnergyReason(.gap, "\(host):\(port) took over \(timeout.inSeconds) s")
      }
      var wait = pollfd(fd: socket, events: Int16(event), revents: 0)
      if poll(&wait, 1, Int32(left * 1000) + 1) > 0 { return }
    }
  }

  private func fault(_ what: String) -> EnergyReason {
    EnergyReason(.meterDisappeared, "\(host):\(port): \(what)")
  }
}
