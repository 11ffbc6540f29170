// What can go wrong with a file that is written.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that could not be written.
public struct FileError: Error, Equatable, Sendable {
  /// What was attempted, in the words of the message.
  public enum Operation: String, Sendable {
    case create, write
    case sync = "flush"
    case close
    case rename = "replace"
  }

  public let operation: Operation
  public let path: String
  /// The system's error number.
  public let code: Int32
  /// Bytes the whole file needs, where that was known.
  public let bytes: Int?

  init(_ operation: Operation, _ path: String, bytes: Int? = nil, code: Int32 = errno) {
    self.operation = operation
    self.path = path
    self.code = code
    self.bytes = bytes
  }

  /// Status of the process (sysexits): 73 cannot create the file, 74 input/output error.
  public var exitStatus: Int32 { operation == .create ? 73 : 74 }
}

extension FileError: CustomStringConvertible {
  public var description: String {
    let reason = String(cString: strerror(code))
    let need = bytes.map { ", \($0) bytes needed" } ?? ""
    return "\(path.escapedForMessage(limit: 160)): cannot \(operation.rawValue): \(reason)\(need)"
  }
}
