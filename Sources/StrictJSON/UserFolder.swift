// Where files of the user live: the XDG Base Directory Specification.

/// A folder of this program's own under the user's home.
public enum UserFolder: String, Sendable {
  /// What is worth keeping: `$XDG_DATA_HOME/moebench`, else `~/.local/share/moebench`.
  case data = "XDG_DATA_HOME"
  /// What can be made again: `$XDG_CACHE_HOME/moebench`, else `~/.cache/moebench`.
  case cache = "XDG_CACHE_HOME"

  /// The folder, whether or not it is there; nil where the environment names none.
  ///
  /// A relative path is ignored, as the specification wants.
  public func path(_ environment: [String: String]) -> String? {
    func absolute(_ name: String) -> String? {
      environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
    let underHome = self == .data ? "/.local/share" : "/.cache"
    return (absolute(rawValue) ?? absolute("HOME").map { $0 + underHome }).map { $0 + "/moebench" }
  }
}
