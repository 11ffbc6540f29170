// A file's bytes where the system keeps them: mapped for reading, never copied.

import CFileGuard
import StrictJSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file mapped read-only; unmapped when the last tensor that lies in it goes.
///
/// If the file shrinks while its bytes are read, the process ends with status 74 and a line that names it (`CFileGuard`).
public final class MappedFile: @unchecked Sendable {
  public let path: String
  public let size: Int
  private let base: UnsafeRawPointer?
  private let failure: CheckpointError?
  private let slot: Int32
  private let status: FileStatus?

  /// Opens and maps a regular file.
  public convenience init(path: String) throws(CheckpointError) {
    let file = try InputFile(path: path)
    self.init(path: path, size: file.size, descriptor: file.rawDescriptor)
    if let failure { throw failure }
  }

  /// Maps an open file. A mapping the system refuses is reported when bytes are asked for: a header can be examined
  /// even where the address space is too small for the data.
  init(path: String, size: Int, descriptor: Int32) {
    self.path = path
    self.size = size
    status = FileStatus(descriptor: descriptor)
    guard size > 0 else {
      (base, failure, slot) = (nil, nil, -1)
      return
    }
    let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address, address != UnsafeMutableRawPointer(bitPattern: -1) else {
      let rule: CheckpointError.Rule =
        errno == ENOMEM ? .outOfMemory(bytes: size) : .system(operation: "map", code: errno)
      (base, failure, slot) = (nil, CheckpointError(path, rule), -1)
      return
    }
    base = UnsafeRawPointer(address)
    failure = nil
    slot = cs_guard(address, size, CheckpointError.shown(path))
  }

  deinit {
    cs_unguard(slot)
    if let base { munmap(UnsafeMutableRawPointer(mutating: base), size) }
  }

  /// The bytes `range` of the file, valid as long as this object.
  public func bytes(_ range: Range<Int>) throws(CheckpointError) -> UnsafeRawBufferPointer {
    precondition(range.lowerBound >= 0 && range.upperBound <= size, "\(range) of \(size)")
    if let failure { throw failure }
    guard let base else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
  }

  /// Finds out whether the file was written to or cut since it was opened: what was computed from it may be wrong, and
  /// the end of a page past a new end reads as zeros.
  ///
  /// - Throws: `changedWhileReading`. A path that now names another file is no change: the old bytes are still mapped.
  func checkUnchanged() throws(CheckpointError) {
    guard let status, let now = FileStatus(path: path), now.isSameFile(as: status) else { return }
    guard now == status else { throw CheckpointError(path, .changedWhileReading) }
  }
}

/// What tells whether a file is the same and has the same contents.
private struct FileStatus: Equatable {
  private let device, number, size, seconds, nanoseconds: Int

  init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  private init(_ status: stat) {
    device = Int(truncatingIfNeeded: status.st_dev)
    number = Int(truncatingIfNeeded: status.st_ino)
    size = Int(status.st_size)
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    seconds = time.tv_sec
    nanoseconds = time.tv_nsec
  }

  func isSameFile(as other: FileStatus) -> Bool {
    device == other.device && number == other.number
  }
}
