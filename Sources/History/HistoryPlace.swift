// Where the history is kept: the XDG Base Directory Specification's data folder.

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The file of the store.
public enum HistoryPlace {
  /// Names another file; what tests and scripts set.
  public static let variable = "MOEBENCH_HISTORY"

  /// `$MOEBENCH_HISTORY`, else `$XDG_DATA_HOME/moebench/history.sqlite`, else the same under
  /// `~/.local/share`. A relative `XDG_DATA_HOME` is ignored, as the specification wants.
  ///
  /// - Throws: `HistoryError.Rule.noFolder` where there is no home folder either.
  public static func path(_ environment: [String: String]) throws(HistoryError) -> String {
    if let path = environment[variable], !path.isEmpty { return path }
    if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") {
      return data + "/moebench/history.sqlite"
    }
    guard let home = environment["HOME"], home.hasPrefix("/") else {
      throw HistoryError(variable, .noFolder("neither it, nor XDG_DATA_HOME, nor HOME is set"))
    }
    return home + "/.local/share/moebench/history.sqlite"
  }

  /// Of this process.
  public static func path() throws(HistoryError) -> String {
    try path(ProcessInfo.processInfo.environment)
  }

  /// Whether there is a store, or something else in its place.
  public static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path)
  }

  /// Makes the folder, for this user's eyes alone.
  static func makeFolder(for path: String) throws(HistoryError) {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
    let folder = String(path[..<slash])
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
    } catch {
      throw HistoryError(path, .noFolder("\(folder) cannot be made"))
    }
  }
}
