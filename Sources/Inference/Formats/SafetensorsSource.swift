// The tensors of one safetensors file, or of all shards that an index names.

import StrictJSON

struct SafetensorsSource: TensorSource {
  let names: [String]
  private let files: [SafetensorsFile]
  /// Position in `files`; nil when there is only one file.
  private let fileOfTensor: [ByteKey: Int]?

  init(_ file: SafetensorsFile) {
    files = [file]
    names = file.names
    fileOfTensor = nil
  }

  /// Opens every shard once and checks that each holds what the index says.
  init(
    _ index: SafetensorsIndex,
    open: (String) throws(CheckpointError) -> SafetensorsFile
  ) throws(CheckpointError) {
    var files: [SafetensorsFile] = []
    var positions: [ByteKey: Int] = [:]
    var fileOfTensor: [ByteKey: Int] = [:]
    fileOfTensor.reserveCapacity(index.tensors.count)
    for (name, shard) in index.tensors {
      let position: Int
      if let known = positions[ByteKey(shard)] {
        position = known
      } else {
        position = files.count
        files.append(try open(shard))
        positions[ByteKey(shard)] = position
      }
      guard files[position].entry(name) != nil else {
        throw CheckpointError(index.path, .tensorNotInShard(shard), at: .tensor(name))
      }
      fileOfTensor[ByteKey(name)] = position
    }
    for (position, file) in files.enumerated() {
      for name in file.names {
        guard let other = fileOfTensor[ByteKey(name)], other != position else { continue }
        throw CheckpointError(
          file.mapping.path, .shardConflict("is also in another shard, where the index places it"),
          at: .tensor(name))
      }
    }
    self.files = files
    self.fileOfTensor = fileOfTensor
    names = index.tensors.map(\.name)
  }

  private func find(_ name: String) -> (file: SafetensorsFile, entry: TensorEntry)? {
    guard let position = fileOfTensor == nil ? 0 : fileOfTensor?[ByteKey(name)],
      let entry = files[position].entry(name)
    else { return nil }
    return (files[position], entry)
  }

  func tensor(named name: String) throws(CheckpointError) -> StoredTensor? {
    guard let (file, entry) = find(name) else { return nil }
    return try file.tensor(named: name, entry)
  }

  func checkUnchanged() throws(CheckpointError) {
    for file in files { try file.mapping.checkUnchanged() }
  }

  func description(ofTensor name: String) -> TensorDescription? {
    find(name).map {
      TensorDescription(
        type: $0.entry.type, shape: $0.entry.shape, byteCount: $0.entry.range.count)
    }
  }
}
