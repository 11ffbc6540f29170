// An open file from outside: regular files only, checked before anything is read, every read checked.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A regular file open for reading; closed when it goes.
package struct InputFile: ~Copyable {
  let path: String
  /// Bytes in the file when it was opened.
  let size: Int
  /// For mapping only: the file stays owned by this value.
  let rawDescriptor: Int32

  /// - Throws: ``CheckpointError`` for anything but a readable regular file. Nothing blocks: a pipe is refused.
  package init(path: String) throws(CheckpointError) {
    let descriptor = try Self.openRegular(path)
    self.path = path
    rawDescriptor = descriptor.number
    size = descriptor.size
  }

  deinit { close(rawDescriptor) }

  static func openFailure(_ path: String, _ code: Int32) -> CheckpointError {
    switch code {
    case ENOENT, ENOTDIR, ENAMETOOLONG: CheckpointError(path, .notFound)
    case ELOOP: CheckpointError(path, .symbolicLinkLoop)
    case ENXIO, ENODEV, EOPNOTSUPP: CheckpointError(path, .notARegularFile("a device or socket"))
    default: CheckpointError(path, .system(operation: "open", code: code))
    }
  }

  private static func openRegular(_ path: String) throws(CheckpointError) -> (
    number: Int32, size: Int
  ) {
    guard !path.utf8.contains(0) else { throw CheckpointError(path, .notFound) }
    let number = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    guard number >= 0 else { throw openFailure(path, errno) }
    do throws(CheckpointError) {
      return (number, try regularSize(number, path))
    } catch {
      close(number)
      throw error
    }
  }

  private static func regularSize(_ descriptor: Int32, _ path: String) throws(CheckpointError)
    -> Int
  {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw CheckpointError(path, .system(operation: "examine", code: errno))
    }
    let kind: String? =
      switch status.st_mode & S_IFMT {
      case S_IFREG: nil
      case S_IFDIR: "a folder"
      case S_IFIFO: "a pipe"
      case S_IFCHR, S_IFBLK: "a device"
      default: "a special file"
      }
    if let kind { throw CheckpointError(path, .notARegularFile(kind)) }
    return Int(status.st_size)
  }

  /// Exactly `count` bytes from `offset`, which must lie inside the file as it was opened.
  func read(at offset: Int, count: Int) throws(CheckpointError) -> [UInt8] {
    precondition(offset >= 0 && count >= 0 && count <= size - offset, "\(offset) + \(count)")
    var failure: CheckpointError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = 0
      while filled < count, let base = buffer.baseAddress {
        let n = pread(rawDescriptor, base + filled, count - filled, off_t(offset + filled))
        if n < 0, errno == EINTR { continue }
        guard n > 0 else {
          failure = CheckpointError(
            path, n == 0 ? .changedWhileReading : .system(operation: "read", code: errno))
          return
        }
        filled += n
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// The whole file.
  package func readAll(limit: Int) throws(CheckpointError) -> [UInt8] {
    guard size <= limit else { throw CheckpointError(path, .tooLarge(bytes: size, limit: limit)) }
    return try read(at: 0, count: size)
  }

  /// Maps the whole file for reading; pages are touched only when read.
  func map() -> MappedFile { MappedFile(path: path, size: size, descriptor: rawDescriptor) }
}
