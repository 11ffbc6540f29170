// Small text files of /proc and /sys below a root, so that tests can stand up a fake machine.

import Foundation

/// Why a file of the system could not be read.
public struct FileFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// What reading met.
  public enum Kind: Equatable, Sendable {
    case notFound
    case permissionDenied
    case notText
    case tooLarge(limit: Int)
    case system(errno: Int32)
  }

  public let path: String
  public let kind: Kind

  public var description: String {
    switch kind {
    case .notFound: "\(path) does not exist"
    case .permissionDenied: "\(path): permission denied"
    case .notText: "\(path) is not text"
    case .tooLarge(let limit): "\(path) is larger than \(limit) bytes"
    case .system(let number): "\(path): \(String(cString: strerror(number)))"
    }
  }
}

/// Reads below a root folder: `/` for this machine.
public struct FileTree: Sendable {
  /// Files of /proc and /sys are small; /proc/cpuinfo of 512 threads is about 1 MB.
  public static let limit = 4 << 20

  private let root: String
  private let denied: Set<String>

  public init(root: String = "/") { self.init(root: root, denying: []) }

  /// - Parameter denied: Paths that answer "permission denied": as root, file modes deny nothing, so
  ///   tests force it here.
  package init(root: String, denying denied: Set<String>) {
    self.root = root.hasSuffix("/") ? String(root.dropLast()) : root
    self.denied = denied
  }

  /// The whole file as text.
  public func text(_ path: String) throws(FileFault) -> String {
    guard !denied.contains(path) else { throw FileFault(path: path, kind: .permissionDenied) }
    // Not to hang on a FIFO: a fake or bind-mounted tree can hold anything.
    let descriptor = open(root + path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw fault(path, errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16384)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw fault(path, errno) }
      if count == 0 { break }
      bytes += chunk[..<count]
      guard bytes.count <= Self.limit else {
        throw FileFault(path: path, kind: .tooLarge(limit: Self.limit))
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw FileFault(path: path, kind: .notText)
    }
    return text
  }

  /// Names in a folder, sorted as numbers where they end in one (`cpu2` before `cpu10`).
  public func names(in path: String) throws(FileFault) -> [String] {
    guard let folder = opendir(root + path) else { throw fault(path, errno) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      // In place: a copy of the whole `d_name` reads beyond an entry, which is as long as its name.
      let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
      let name = String(
        cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self))
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { $0.compare($1, options: .numeric) == .orderedAscending }
  }

  /// Whether there is anything at the path.
  public func exists(_ path: String) -> Bool { access(root + path, F_OK) == 0 }

  /// Where a symbolic link points; nil where it is none or cannot be read.
  func link(_ path: String) -> String? {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(root + path, &target, target.count)
    guard count > 0 else { return nil }
    return String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private func fault(_ path: String, _ number: Int32) -> FileFault {
    switch number {
    case ENOENT, ENOTDIR: FileFault(path: path, kind: .notFound)
    case EACCES, EPERM: FileFault(path: path, kind: .permissionDenied)
    default: FileFault(path: path, kind: .system(errno: number))
    }
  }
}

extension FileTree {
  /// The text without surrounding white space, or why not.
  package func line(_ path: String) -> Reading<String> {
    do throws(FileFault) {
      let text = try text(path).trimmed
      return text.isEmpty ? .unknown(reason: "\(path) is empty") : .known(text)
    } catch {
      return .unknown(reason: error.description)
    }
  }

  /// A file that holds one whole number.
  package func integer(_ path: String) -> Reading<Int> {
    line(path).flatMap {
      Reading(Int($0), orReason: "\(path) is not a whole number: \($0.clipped)")
    }
  }

  package func folder(_ path: String) -> Reading<[String]> {
    do throws(FileFault) { return .known(try names(in: path)) } catch {
      return .unknown(reason: error.description)
    }
  }
}

extension StringProtocol {
  package var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }

  /// Short enough to stand in a message.
  package var clipped: String { count > 40 ? prefix(40) + "…" : String(self) }
}
