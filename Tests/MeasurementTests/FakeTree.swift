// A folder that stands in for / in tests of /proc and /sys readers.

import Foundation
import Measurement
import TestSupport

/// Writes files below a temporary root; removed with the object.
final class FakeTree {
  private let folder: ScratchFolder
  var root: URL { folder.url }

  init(_ files: [String: String] = [:]) throws {
    folder = try ScratchFolder()
    for (path, text) in files { try write(path, text) }
  }

  var tree: FileTree { FileTree(root: root.path) }

  func tree(denying paths: Set<String>) -> FileTree { FileTree(root: root.path, denying: paths) }

  func write(_ path: String, _ text: String) throws {
    try write(path, bytes: Array(text.utf8))
  }

  func write(_ path: String, bytes: [UInt8]) throws {
    let file = root.appending(path: path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
  }

  func remove(_ path: String) throws {
    try FileManager.default.removeItem(at: root.appending(path: path))
  }
}
