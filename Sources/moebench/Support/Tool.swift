// What this program is, for documents and `--version`.

import CBuildInfo
import Reports

enum Tool {
  static let version = "0.1.0"

  /// The commit it was built from, with `-dirty` where files differed; nil where the build did not say.
  private static let knownCommit: String? = {
    let words = String(cString: build_info_commit())
    return words.isEmpty ? nil : words
  }()

  static let commit = knownCommit ?? "unknown"

  static let noCommitReason = "commit unknown: built without make, which passes it on"

  /// Configuration, compiler and system.
  static var build: String { "\(configuration), Swift \(compiler), \(architecture) \(system)" }

  static var versionLine: String {
    "moebench \(version) (\(knownCommit ?? noCommitReason); \(build))"
  }

  static var description: RunReport.Tool {
    RunReport.Tool(
      version: version, commit: commit,
      commitReason: knownCommit == nil ? noCommitReason : nil, build: build)
  }

  private static var configuration: String {
    #if DEBUG
      "debug"
    #else
      "release"
    #endif
  }

  private static var compiler: String {
    #if compiler(>=6.4)
      "6.4 or newer"
    #elseif compiler(>=6.3)
      "6.3"
    #else
      "6.2"
    #endif
  }

  private static var architecture: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "arm64"
    #else
      "other"
    #endif
  }

  private static var system: String {
    #if os(Linux)
      "Linux"
    #elseif os(macOS)
      "macOS"
    #else
      "other"
    #endif
  }
}
