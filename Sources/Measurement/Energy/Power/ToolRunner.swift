// Runs a small program and takes what it prints, with a limit on time and size.

import Foundation

/// Runs meters that are programs: ipmitool, powermetrics, the user's own command.
package struct ToolRunner: Sendable {
  package static let outputLimit = 1 << 20
  private static let shell = "/bin/sh"

  package let executable: String
  package let arguments: [String]
  package let timeout: Double

  /// - Parameter tool: Looked for in PATH.
  package init(tool: String, arguments: [String], timeout: Double = 10) {
    executable = "/usr/bin/env"
    self.arguments = [tool] + arguments
    self.timeout = timeout
  }

  /// The user's own command line, by the shell.
  package init(shell command: String, timeout: Double = 10) {
    executable = Self.shell
    arguments = ["-c", command]
    self.timeout = timeout
  }

  /// Standard output of a run that ended with status 0 in time.
  package func output() throws(EnergyReason) -> Data {
    let deadline = Date(timeIntervalSinceNow: timeout)
    let child = try ChildProcess(executable: executable, arguments: arguments)
    let data = try read(child.output, until: deadline)
    guard let status = child.wait(until: deadline) else { throw late }
    guard status == 0 else { throw failure(status, child.errors) }
    return data
  }

  /// Standard output as text.
  package func text() throws(EnergyReason) -> String {
    guard let text = String(data: try output(), encoding: .utf8) else {
      throw EnergyReason(.garbage, "\(shown) printed no text")
    }
    return text
  }

  private var late: EnergyReason { EnergyReason(.gap, "\(shown) took over \(timeout.inSeconds) s") }

  private var shown: String {
    (executable == Self.shell ? arguments.dropFirst() : arguments[...]).joined(separator: " ")
      .clipped
  }

  private func failure(_ status: Int32, _ errors: Int32) -> EnergyReason {
    let message =
      (try? read(errors, until: Date(timeIntervalSinceNow: 0.2)))
      .flatMap { String(data: $0.prefix(200), encoding: .utf8) }?
      .split(whereSeparator: \.isNewline).first.map { ": \($0)" } ?? ""
    // 126 and 127 are the shell's and env's for "may not run" and "not found".
    let kind: EnergyFault =
      status == 127
      ? .noMeter
      : status == 126 || message.lowercased().contains("permission")
        ? .permissionDenied : .garbage
    return EnergyReason(kind, "\(shown) ended with status \(status)\(message)")
  }

  /// Reads to the end of the stream; a child that keeps it open cannot hold us past the deadline.
  private func read(_ descriptor: Int32, until deadline: Date) throws(EnergyReason) -> Data {
    var data = Data()
    var chunk = [UInt8](repeating: 0, count: 16384)
    while true {
      let left = deadline.timeIntervalSinceNow
      guard left > 0 else { throw late }
      var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&wait, 1, Int32(min(left, 3600) * 1000) + 1)
      if ready < 0 && errno == EINTR { continue }
      guard ready > 0 else { continue }
      let count = Foundation.read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw EnergyReason(.garbage, "\(shown): read failed") }
      if count == 0 { return data }
      data.append(contentsOf: chunk[..<count])
      guard data.count <= Self.outputLimit else {
        throw EnergyReason(.garbage, "\(shown) printed over \(Self.outputLimit) bytes")
      }
    }
  }
}
