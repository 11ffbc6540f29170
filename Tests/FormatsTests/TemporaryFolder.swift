// A folder that a test fills with checkpoints of its own making.

import Foundation
import Inference
import TestSupport
import Testing

/// A scratch folder with the words that tests of files need.
final class TemporaryFolder {
  private let folder: ScratchFolder
  var path: String { folder.path }

  init() throws { folder = try ScratchFolder() }

  func file(_ name: String) -> String { folder.path(of: name) }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    try folder.file(name, bytes: bytes)
  }

  func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

  func writeSparse(_ name: String, _ start: [UInt8], size: Int) throws {
    try write(name, start)
    #expect(truncate(file(name), off_t(size)) == 0)
  }

  /// The refusal of the folder, or nil if it opens.
  func refusal(_ name: String? = nil) -> CheckpointError? {
    do {
      _ = try Checkpoint(path: name.map(file) ?? path)
      return nil
    } catch {
      return error
    }
  }
}

/// The bytes of a safetensors file with this header and this many bytes of data.
func safetensors(_ header: String, data: Int = 0) -> [UInt8] {
  let text = Array(header.utf8)
  return littleEndian(UInt64(text.count)) + text + (0..<data).map { UInt8(truncatingIfNeeded: $0) }
}

func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
