// The wording of refusals: file, field or tensor, rule, offset; one line of at most 300 bytes.

import StrictJSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension CheckpointError: CustomStringConvertible {
  public var description: String {
    let place =
      switch self.place {
      case .file: ""
      case .tensor(let name): "tensor \(name.quotedForMessage(limit: 64)): "
      case .field(let name): "\(name.quotedForMessage(limit: 64)): "
      }
    let offset = self.offset.map { " (offset 0x\(String($0, radix: 16)))" } ?? ""
    let isSentence = if case .engine = self.rule { true } else { false }
    let rule = "\(self.rule)".escapedForMessage(limit: isSentence ? 190 : 100)
    return "\(Self.shown(file)): \(place)\(rule)\(offset)"
  }

  /// The path's end where it is long: the file's name is what tells shards apart.
  static func shown(_ path: String) -> String {
    let scalars = path.unicodeScalars
    guard path.utf8.count > 80 else { return path.escapedForMessage(limit: 88) }
    var tail = String.UnicodeScalarView()
    var bytes = 0
    for scalar in scalars.reversed() {
      bytes += String(scalar).escapedForMessage(limit: 16).utf8.count
      if bytes > 76 { break }
      tail.append(scalar)
    }
    return "…" + String(String.UnicodeScalarView(tail.reversed())).escapedForMessage(limit: 88)
  }
}

extension CheckpointError.Rule: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notFound: "no such file or folder"
    case .notARegularFile(let kind): "is \(kind), not a regular file"
    case .symbolicLinkLoop: "is a loop of symbolic links"
    case .system(let operation, let code): "cannot \(operation): \(String(cString: strerror(code)))"
    case .outOfMemory(let bytes): "not enough memory for \(bytes) bytes"
    case .changedWhileReading: "file changed while reading"
    case .tooLarge(let bytes, let limit): "has \(bytes) bytes, over the limit of \(limit)"
    case .noConfiguration: "the folder has no config.json"
    case .noWeights: "the folder has no model.safetensors, index or other weights"
    case .severalWeightFiles(let count): "the folder has \(count) weight files and no index"
    case .notACheckpoint: "is neither a folder, a GGUF file nor a safetensors file"
    case .shardName(let name):
      "shard name \(name.quotedForMessage(limit: 48)) is not a plain file name"
    case .missingShard(let name): "shard \(name.quotedForMessage(limit: 56)) is missing"
    case .tensorNotInShard(let name): "is not in its shard \(name.quotedForMessage(limit: 56))"
    case .shardConflict(let text), .json(let text), .shape(let text), .offsets(let text),
      .invalid(let text), .engine(let text):
      text
    case .wrongKind(let found, let wanted): "is \(found), not \(wanted)"
    case .missing: "is missing"
    case .tooShort(let bytes, let needed): "has \(bytes) bytes where \(needed) are needed"
    case .headerTooLong(let bytes, let limit): "header of \(bytes) bytes exceeds \(limit)"
    case .headerStart(let byte):
      "header starts with byte 0x\(String(byte, radix: 16)), not with '{'"
    case .duplicate: "occurs twice"
    case .unknownType(let name): "type \(name.quotedForMessage(limit: 40)) is not known"
    case .overflow(let what): "\(what) overflows"
    case .wrongByteCount(let found, let needed):
      "has \(found) bytes where type and shape need \(needed)"
    case .limit(let what, let found, let limit): "\(what) \(found) exceeds \(limit)"
    }
  }
}
