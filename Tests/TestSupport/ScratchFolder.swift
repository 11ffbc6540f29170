// A folder of one test's own, gone when the test is.

import Foundation

/// A fresh folder below the temporary one; deleted with all in it when the value goes.
public struct ScratchFolder: ~Copyable {
  public let url: URL

  public init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("moebench-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    do { try FileManager.default.removeItem(at: url) } catch {
      FileHandle.standardError.write(Data("\(url.path) is left: \(error)\n".utf8))
    }
  }

  public var path: String { url.path }

  /// The path of something in the folder, there or not.
  public func path(of name: String) -> String { url.appendingPathComponent(name).path }

  /// Writes a file and gives its path.
  @discardableResult
  public func file(_ name: String, _ text: String) throws -> String {
    try file(name, bytes: Array(text.utf8))
  }

  @discardableResult
  public func file(_ name: String, bytes: some Sequence<UInt8>) throws -> String {
    try Data(bytes).write(to: url.appendingPathComponent(name))
    return path(of: name)
  }
}
