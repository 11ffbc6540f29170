// The tensors of one GGUF file or of all files it was split into, under their GGUF names.

import StrictJSON

/// All parts of a GGUF model. Metadata are the first part's.
final class GGUFSource: Sendable {
  let files: [GGUFFile]
  /// In the order of the files.
  let names: [String]
  private let fileOfTensor: [ByteKey: Int]

  var metadata: GGUFMetadata { files[0].metadata }

  /// Opens a file and, if it is the first of several, the others beside it.
  init(path: String, isHeaderOnly: Bool = false) throws(CheckpointError) {
    let first = try GGUFFile(path: path, isHeaderOnly: isHeaderOnly)
    var files = [first]
    if let split = try GGUFSplit(first) {
      for number in 1..<split.count {
        files.append(try split.open(number, isHeaderOnly: isHeaderOnly))
      }
      try split.checkTensorCount(files.reduce(0) { $0 + $1.names.count })
    }
    var names: [String] = []
    var fileOfTensor: [ByteKey: Int] = [:]
    for (index, file) in files.enumerated() {
      for name in file.names {
        guard fileOfTensor.updateValue(index, forKey: ByteKey(name)) == nil else {
          throw CheckpointError(file.mapping.path, .duplicate, at: .tensor(name))
        }
      }
      names += file.names
    }
    self.files = files
    self.names = names
    self.fileOfTensor = fileOfTensor
  }

  func entry(_ name: String) -> TensorEntry? {
    fileOfTensor[ByteKey(name)].flatMap { files[$0].entry(name) }
  }

  func tensor(_ name: String) throws(CheckpointError) -> StoredTensor? {
    guard let index = fileOfTensor[ByteKey(name)], let entry = files[index].entry(name) else {
      return nil
    }
    return try files[index].tensor(named: name, entry)
  }
}

/// How a model was split: `NAME-00001-of-00003.gguf` with `split.no`, `split.count`, `split.tensors.count`.
struct GGUFSplit {
  let count: Int
  private let first: GGUFFile
  /// The path up to the part's number.
  private let stem: String

  /// Nil if the file stands alone.
  init?(_ file: GGUFFile) throws(CheckpointError) {
    guard let count = try file.metadata.int("split.count"), count > 1 else { return nil }
    guard count <= 99_999 else {
      throw file.metadata.refusal("split.count", "is \(count), over 99999")
    }
    let number = try file.metadata.int("split.no") ?? 0
    guard number == 0 else {
      throw file.metadata.refusal("split.no", "is \(number): give the first part of the model")
    }
    let suffix = Self.suffix(0, count)
    guard file.mapping.path.hasSuffix(suffix) else {
      throw file.metadata.refusal(
        "split.count", "is \(count) but the name does not end in \(suffix)")
    }
    self.count = count
    first = file
    stem = String(file.mapping.path.dropLast(suffix.count))
  }

  private static func suffix(_ number: Int, _ count: Int) -> String {
    func padded(_ value: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }
    return "-\(padded(number + 1))-of-\(padded(count)).gguf"
  }

  func open(_ number: Int, isHeaderOnly: Bool) throws(CheckpointError) -> GGUFFile {
    let path = stem + Self.suffix(number, count)
    guard FileSystem.exists(path) else {
      throw CheckpointError(
        first.mapping.path, .missingShard(String(path.suffix(48))), at: .field("split.count"))
    }
    let file = try GGUFFile(path: path, isHeaderOnly: isHeaderOnly)
    for (key, expected) in [("split.no", number), ("split.count", count)] {
      guard try file.metadata.int(key) == expected else {
        throw file.metadata.refusal(key, "is not \(expected)")
      }
    }
    return file
  }

  func checkTensorCount(_ found: Int) throws(CheckpointError) {
    guard let stated = try first.metadata.int("split.tensors.count") else { return }
    guard stated == found else {
      throw first.metadata.refusal("split.tensors.count", "is \(stated), the parts have \(found)")
    }
  }
}
