// Where the history is kept.

import StrictJSON

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The file of the store.
public enum HistoryPlace {
  /// Names another file; what tests and scripts set.
  public static let variable = "MOEBENCH_HISTORY"

  /// `$MOEBENCH_HISTORY`, else `history.sqlite` of the user's data folder.
  ///
  /// - Throws: `HistoryError.Rule.noFolder` where there is no home folder either.
  public static func path(_ environment: [String: String]) throws(HistoryError) -> String {
    if let path = environment[variable], !path.isEmpty { return path }
    guard let folder = UserFolder.data.path(environment) else {
      throw HistoryError(variable, .noFolder("neither it, nor XDG_DATA_HOME, nor HOME is set"))
    }
    return folder + "/history.sqlite"
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
