// What this program is, for documents and `--version`.

enum Tool {
  static let version = "0.1.0"
  /// The commit it was built from, where the build says so.
  static let commit = "unknown"
  static var versionLine: String { "moebench \(version) (\(commit))" }
}
