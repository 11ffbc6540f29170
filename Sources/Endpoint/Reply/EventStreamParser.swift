// Server-sent events from bytes as they come (WHATWG HTML, section 9.2.6): any line ends, any split.

/// Finds the data of each event. Works on bytes, as "\r\n" is one `Character` and a character may be split.
package struct EventStreamParser {
  package init() {}

  private var line: [UInt8] = []
  private var data: [UInt8] = []
  private var hasData = false
  private var lastWasCarriageReturn = false
  private var isFirstLine = true

  /// - Parameter event: Called with the data of each complete event, lines joined with line feeds.
  /// - Throws: `lineTooLong`, for a line or the joined lines of one event, and what `event` throws.
  package mutating func feed(
    _ bytes: some Sequence<UInt8>, event: ([UInt8]) throws(RequestFault) -> Void
  ) throws(RequestFault) {
    for byte in bytes {
      switch byte {
      case 0x0A where lastWasCarriageReturn: lastWasCarriageReturn = false
      case 0x0A, 0x0D:
        lastWasCarriageReturn = byte == 0x0D
        try endLine(event)
      default:
        lastWasCarriageReturn = false
        guard line.count < EndpointLimits.line else { throw .lineTooLong }
        line.append(byte)
      }
    }
  }

  private mutating func endLine(
    _ event: ([UInt8]) throws(RequestFault) -> Void
  ) throws(RequestFault) {
    if isFirstLine {
      isFirstLine = false
      if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
    }
    defer { line.removeAll(keepingCapacity: true) }
    guard !line.isEmpty else {
      guard hasData else { return }
      let complete = data
      data.removeAll(keepingCapacity: true)
      hasData = false
      return try event(complete)
    }
    // Comments begin with a colon; event, id and retry say nothing here.
    guard line.starts(with: Self.field) else { return }
    var value = line[Self.field.count...]
    if value.isEmpty {
      value = []
    } else {
      guard value.first == UInt8(ascii: ":") else { return }
      value = value.dropFirst()
      if value.first == 0x20 { value = value.dropFirst() }
    }
    guard data.count + value.count < EndpointLimits.line else { throw .lineTooLong }
    if hasData { data.append(0x0A) }
    data += value
    hasData = true
  }

  private static let field = Array("data".utf8)
}
