// What lies at a path, asked without opening it.

import StrictJSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

enum FileSystem {
  enum Kind { case folder, file }

  /// Whether a folder or something else is there; links are followed.
  static func kind(of path: String) throws(CheckpointError) -> Kind {
    var status = stat()
    guard !path.isEmpty, stat(path, &status) == 0 else {
      throw InputFile.openFailure(path, path.isEmpty ? ENOENT : errno)
    }
    return status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
  }

  /// Whether the folder has an entry of that name, be it a broken link.
  static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// Names in a folder that end in `suffix`, hidden ones left out, sorted by bytes.
  static func names(in folder: String, suffix: String) throws(CheckpointError) -> [String] {
    guard let names = FolderEntries.names(in: folder) else {
      throw InputFile.openFailure(folder, errno)
    }
    return names.filter { $0.hasSuffix(suffix) && !$0.hasPrefix(".") }.sorted {
      $0.utf8.lexicographicallyPrecedes($1.utf8)
    }
  }
}
