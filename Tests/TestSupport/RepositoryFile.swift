// Files of the repository, found from the place of the sources.

import Foundation
import StrictJSON

public enum RepositoryFile {
  private static let top = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// A file or folder by its path from the top of the repository, there or not.
  public static func url(_ path: String) -> URL { top.appending(path: path) }

  public static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: url(path)))
  }

  public static func json(_ path: String) throws -> JSONValue {
    try JSONValue(parsing: bytes(path))
  }
}
