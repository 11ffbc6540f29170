// The miniature checkpoints with reference answers, one for each family.

import Foundation

public enum CheckpointFixtures {
  public static let folder = RepositoryFile.url("Tests/Fixtures/checkpoints").path

  /// Every checkpoint's name, sorted. Without them tests would pass for want of arguments.
  public static let names: [String] = {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    } catch {
      fatalError("\(folder): \(error)")
    }
  }()

  /// The names of those that hold a file of this name.
  public static func names(with file: String) -> [String] {
    names.filter { FileManager.default.fileExists(atPath: path($0, file)) }
  }

  /// The path of a checkpoint.
  public static func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// The path of a file of a checkpoint.
  public static func path(_ name: String, _ file: String) -> String { "\(folder)/\(name)/\(file)" }
}
