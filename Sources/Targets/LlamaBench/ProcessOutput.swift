// Runs a program to its end and takes what it prints: both streams drained, with a limit on time and size.

import Foundation
import Measurement

struct ProcessOutput {
  let path: String
  let arguments: [String]
  let timeout: Double
  let outputLimit: Int
  let isCancelled: () -> Bool

  /// How often a cancellation is looked for, milliseconds.
  private static let tick: Int32 = 50
  private static let errorLimit = 64 << 10

  /// Standard output of a run that ended with status 0.
  func bytes() throws(LlamaBenchError) -> [UInt8] {
    let deadline = Date(timeIntervalSinceNow: timeout)
    let child: ChildProcess
    do throws(EnergyReason) {
      child = try ChildProcess(executable: path, arguments: arguments)
    } catch {
      throw LlamaBenchError(path, .notStarted(error.message))
    }
    var output: [UInt8] = []
    var errors: [UInt8] = []
    var open = [child.output, child.errors]
    while !open.isEmpty {
      try check(deadline)
      var waits = open.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      let ready = poll(&waits, nfds_t(waits.count), Self.tick)
      guard ready > 0 else { continue }
      for wait in waits where wait.revents != 0 {
        let isOutput = wait.fd == child.output
        guard let piece = Self.piece(wait.fd) else {
          open.removeAll { $0 == wait.fd }
          continue
        }
        if isOutput { output += piece } else { errors = (errors + piece).suffix(Self.errorLimit) }
      }
      guard output.count <= outputLimit else {
        throw LlamaBenchError(path, .tooMuchOutput(limit: outputLimit))
      }
    }
    return try end(child, deadline, output, errors)
  }

  private func end(
    _ child: ChildProcess, _ deadline: Date, _ output: [UInt8], _ errors: [UInt8]
  ) throws(LlamaBenchError) -> [UInt8] {
    while true {
      if let status = child.wait(until: Date(timeIntervalSinceNow: 0.05)) {
        guard status == 0 else {
          throw LlamaBenchError(path, .failed(status: status, Self.lastLine(errors)))
        }
        return output
      }
      try check(deadline)
    }
  }

  private func check(_ deadline: Date) throws(LlamaBenchError) {
    if isCancelled() { throw LlamaBenchError(path, .interrupted) }
    guard deadline.timeIntervalSinceNow > 0 else {
      throw LlamaBenchError(path, .late(seconds: timeout))
    }
  }

  /// What can be read now; nil at the end of the stream.
  private static func piece(_ descriptor: Int32) -> [UInt8]? {
    var chunk = [UInt8](repeating: 0, count: 16384)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      return count > 0 ? Array(chunk[..<count]) : nil
    }
  }

  private static func lastLine(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).last.map(String.init)
      ?? ""
  }
}
