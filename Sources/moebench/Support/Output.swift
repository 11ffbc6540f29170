// Standard output and error, with every write checked: a full disk is an error, not silence.

import Reports

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

enum Output {
  /// Writes data; ends the process with status 74 if it cannot be written.
  static func standard(_ text: String) {
    if !write(text, to: 1) {
      // Whoever read from the pipe has seen enough: nothing to say.
      if errno == EPIPE { Failure.terminate(.inputOutput) }
      error("moebench: standard output: \(String(cString: strerror(errno)))\n")
      Failure.terminate(.inputOutput)
    }
  }

  /// Writes progress and warnings; failing to is no reason to stop.
  static func error(_ text: String) { _ = write(text, to: 2) }

  /// Everything on standard input.
  static func readStandardInput() -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(0, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return bytes }
      bytes += buffer[..<count]
    }
  }

  static var errorIsTerminal: Bool { isatty(2) == 1 }

  /// Colour only on a terminal, and not where NO_COLOR is set (no-color.org) or the terminal is dumb.
  static var style: Style {
    func set(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    let isWanted = (set("NO_COLOR") ?? "").isEmpty && set("TERM") != "dumb"
    return Style(isColoured: isWanted && isatty(1) == 1)
  }

  private static func write(_ text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var offset = 0
      while offset < bytes.count {
        guard let base = bytes.baseAddress else { return true }
        let written = systemWrite(descriptor, base + offset, bytes.count - offset)
        if written < 0 {
          if errno == EINTR { continue }
          return false
        }
        offset += written
      }
      return true
    }
  }
}

/// `write(2)`, which the enum's own `write` would hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
