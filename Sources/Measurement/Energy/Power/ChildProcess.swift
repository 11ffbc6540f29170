// A child in a process group of its own, so that all of it can be ended.

import Foundation

/// Foundation's `Process` waits for grandchildren that keep its socket open, a `sleep` in the
/// background for one; this waits for the child alone and ends the whole group with it.
package final class ChildProcess {
  /// Read ends of standard output and standard error.
  package let output: Int32
  package let errors: Int32
  private let identifier: pid_t
  private var ended = false

  package init(executable: String, arguments: [String]) throws(EnergyReason) {
    let outputs = try Self.pipe()
    let errors = try Self.pipe()
    defer {
      close(outputs.write)
      close(errors.write)
    }
    self.output = outputs.read
    self.errors = errors.read
    var child: pid_t = 0
    let status = Self.spawn(
      &child, executable, arguments, output: outputs.write, errors: errors.write)
    identifier = child
    guard status == 0 else {
      ended = true
      throw EnergyReason(
        .meterDisappeared, "\(executable) did not start: \(String(cString: strerror(status)))")
    }
  }

  deinit {
    if !ended {
      kill(-identifier, SIGKILL)
      waitpid(identifier, nil, 0)
    }
    close(output)
    close(errors)
  }

  /// Exit status, 128 and more for a signal; `nil` where it has not ended in time.
  package func wait(until deadline: Date) -> Int32? {
    while true {
      var status: Int32 = 0
      let found = waitpid(identifier, &status, WNOHANG)
      if found == identifier {
        ended = true
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
      }
      guard deadline.timeIntervalSinceNow > 0 else { return nil }
      usleep(2000)
    }
  }

  private static func pipe() throws(EnergyReason) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard Foundation.pipe(&ends) == 0 else {
      throw EnergyReason(.garbage, "no pipe: \(String(cString: strerror(errno)))")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  private static func spawn(
    _ child: inout pid_t, _ executable: String, _ arguments: [String], output: Int32,
    errors: Int32
  ) -> Int32 {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, errors, 2)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    var words: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    return posix_spawn(&child, executable, &actions, &attributes, words, environ)
  }
}
