// What can go wrong with the user's llama-bench.

import StrictJSON

/// Why llama-bench, or what it printed, cannot be used.
public struct LlamaBenchError: Error, Sendable, Equatable {
  /// What is wrong, as a fact.
  public enum Rule: Sendable, Equatable {
    case noSuchFile
    case notExecutable
    case notStarted(String)
    /// With the last line it wrote to standard error.
    case failed(status: Int32, String)
    case late(seconds: Double)
    case tooMuchOutput(limit: Int)
    case garbage(String)
    /// Another test than the one that was asked for.
    case otherTest(String)
    /// A time longer than the process took.
    case impossibleTime(Double, wall: Double)
    case interrupted
  }

  public let path: String
  public let rule: Rule

  public init(_ path: String, _ rule: Rule) {
    self.path = path
    self.rule = rule
  }

  /// Status of the process (sysexits): 66 no such file, 69 unavailable, 65 nonsense, 130 interrupted.
  public var exitStatus: Int32 {
    switch rule {
    case .noSuchFile: 66
    case .garbage, .otherTest, .tooMuchOutput, .impossibleTime: 65
    case .interrupted: 130
    default: 69
    }
  }
}

extension LlamaBenchError: CustomStringConvertible {
  public var description: String {
    let reason =
      switch rule {
      case .noSuchFile: "no such file; --llama-bench PATH names it"
      case .notExecutable: "is not executable"
      case .notStarted(let reason): reason.escapedForMessage()
      case .failed(let status, let line):
        "ended with status \(status)\(line.isEmpty ? "" : ": " + line.escapedForMessage(limit: 120))"
      case .late(let seconds): "took over \(seconds) s for one repetition (--llama-bench-timeout)"
      case .tooMuchOutput(let limit): "printed over \(limit) bytes"
      case .garbage(let reason): reason.escapedForMessage(limit: 160)
      case .otherTest(let what): "measured something else: \(what.escapedForMessage())"
      case .impossibleTime(let seconds, let wall):
        "says that it measured for \(seconds) s, but ran for \(wall) s"
      case .interrupted: "interrupted"
      }
    return "\(path.escapedForMessage(limit: 100)): \(reason)"
  }
}
