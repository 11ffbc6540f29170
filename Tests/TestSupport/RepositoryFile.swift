// Files of the repository, found from the place of the sources.

import Foundation
import StrictJSON

public enum RepositoryFile {
  /// A JSON document by its path from the top of the repository.
  public static func json(_ path: String) throws -> JSONValue {
    let top = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try JSONValue(parsing: [UInt8](Data(contentsOf: top.appending(path: path))))
  }
}
