// Result files that are absent, old or new, never half: temporary file, fsync, rename, fsync of the folder.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Writes whole files. A crash at any moment leaves the old file or the new one.
public enum AtomicFile {
  private static let prefix = ".moebench-"
  private static let suffix = ".tmp"
  private static let staleAfterSeconds = 3600

  /// Replaces the file at `path` by `bytes`.
  ///
  /// A symbolic link is followed. What is no regular file (a terminal, a pipe, `/dev/stdout`) is written directly.
  /// Temporary files that a killed run left in the same folder over an hour ago are removed.
  ///
  /// - Throws: ``FileError``; the old file is then untouched and no temporary file is left.
  public static func write(_ path: String, _ bytes: [UInt8]) throws(FileError) {
    let target = try Target(path)
    guard target.isReplaceable else { return try writeDirectly(path, bytes) }
    removeStale(in: target.folder)
    let temporary = try Temporary(beside: target)
    do throws(FileError) {
      try temporary.fill(bytes, mode: target.mode)
      try temporary.rename(to: target.path)
    } catch {
      temporary.remove()
      throw error
    }
    syncFolder(target.folder)
  }

  /// Finds out whether ``write(_:_:)`` could create or replace the file, without touching it.
  ///
  /// - Throws: ``FileError`` with the reason, so that nothing is measured in vain.
  public static func probe(_ path: String) throws(FileError) {
    let target = try Target(path)
    removeStale(in: target.folder)
    if access(target.path, F_OK) == 0, access(target.path, W_OK) != 0 {
      throw FileError(.create, path)
    }
    guard target.isReplaceable else { return }
    let temporary = try Temporary(beside: target)
    temporary.remove()
  }

  private static func writeDirectly(_ path: String, _ bytes: [UInt8]) throws(FileError) {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw FileError(.create, path) }
    do throws(FileError) {
      try writeAll(descriptor, bytes, path)
    } catch {
      close(descriptor)
      throw error
    }
    guard close(descriptor) == 0 else { throw FileError(.close, path, bytes: bytes.count) }
  }

  /// Writes everything, however many calls it takes.
  fileprivate static func writeAll(_ descriptor: Int32, _ bytes: [UInt8], _ path: String)
    throws(FileError)
  {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { systemWrite(descriptor, $0[written...]) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw FileError(.write, path, bytes: bytes.count) }
      written += count
    }
  }

  /// A rename is on the disk only when its folder is. File systems that cannot sync a folder say so and are let be.
  private static func syncFolder(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    close(descriptor)
  }

  private static func removeStale(in folder: String) {
    for name in FolderEntries.names(in: folder) ?? []
    where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
      var status = stat()
      let path = folder + "/" + name
      guard lstat(path, &status) == 0, status.isRegular else { continue }
      if time(nil) - status.modifiedSeconds > staleAfterSeconds { unlink(path) }
    }
  }

  // MARK: - Where to write

  private struct Target {
    let path: String
    let folder: String
    /// Absent or a regular file: may be replaced by renaming.
    let isReplaceable: Bool
    /// Permissions of the old file, to keep.
    let mode: mode_t?

    init(_ path: String) throws(FileError) {
      var status = stat()
      guard stat(path, &status) == 0 else {
        guard errno == ENOENT, !path.isEmpty, !path.hasSuffix("/") else {
          throw FileError(.create, path)
        }
        self.init(path: path, isReplaceable: true, mode: nil)
        return
      }
      guard !status.isDirectory else { throw FileError(.create, path, code: EISDIR) }
      guard status.isRegular, let real = realpath(path, nil) else {
        self.init(path: path, isReplaceable: false, mode: nil)
        return
      }
      defer { free(real) }
      self.init(path: String(cString: real), isReplaceable: true, mode: status.st_mode & 0o777)
    }

    private init(path: String, isReplaceable: Bool, mode: mode_t?) {
      self.path = path
      self.isReplaceable = isReplaceable
      self.mode = mode
      guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else {
        folder = "."
        return
      }
      folder = slash == path.startIndex ? "/" : String(path[..<slash])
    }
  }

  // MARK: - The temporary file

  private struct Temporary {
    let path: String
    let target: String
    let descriptor: Int32

    init(beside place: Target) throws(FileError) {
      target = place.path
      for attempt in 0..<100 {
        let name = "\(prefix)\(getpid())-\(UInt32.random(in: 0...UInt32.max))-\(attempt)\(suffix)"
        let path = place.folder + "/" + name
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666)
        if descriptor >= 0 {
          self.path = path
          self.descriptor = descriptor
          return
        }
        guard errno == EEXIST else { break }
      }
      throw FileError(.create, place.path)
    }

    /// Writes, makes the bytes durable, closes.
    func fill(_ bytes: [UInt8], mode: mode_t?) throws(FileError) {
      do throws(FileError) {
        try writeAll(descriptor, bytes, target)
        if let mode { fchmod(descriptor, mode) }
        guard fsync(descriptor) == 0 else {
          throw FileError(.sync, target, bytes: bytes.count)
        }
      } catch {
        close(descriptor)
        throw error
      }
      guard close(descriptor) == 0 else {
        throw FileError(.close, target, bytes: bytes.count)
      }
    }

    func rename(to target: String) throws(FileError) {
      guard systemRename(path, target) == 0 else { throw FileError(.rename, target) }
    }

    func remove() { unlink(path) }
  }
}

private func systemRename(_ from: String, _ to: String) -> Int32 { rename(from, to) }

private func systemWrite(_ descriptor: Int32, _ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
  let rest = UnsafeRawBufferPointer(rebasing: bytes)
  guard let base = rest.baseAddress else { return 0 }
  return write(descriptor, base, rest.count)
}

extension stat {
  fileprivate var isRegular: Bool { st_mode & S_IFMT == S_IFREG }
  fileprivate var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
  fileprivate var modifiedSeconds: Int {
    #if canImport(Darwin)
      st_mtimespec.tv_sec
    #else
      st_mtim.tv_sec
    #endif
  }
}
