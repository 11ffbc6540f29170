// A checkpoint folder made of tensors that a test gives.

import Foundation
import Inference
import TestSupport

struct TensorFolder: ~Copyable {
  struct Tensor {
    let name: String
    let type: String
    let shape: [Int]
    let bytes: [UInt8]

    /// Elements as they lie in memory: little-endian on every machine the engine runs on.
    init<Element: BitwiseCopyable>(
      _ name: String, _ type: String, _ shape: [Int], _ elements: [Element]
    ) {
      self.name = name
      self.type = type
      self.shape = shape
      bytes = elements.withUnsafeBytes { Array($0) }
    }
  }

  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// The file the tensors lie in.
  var file: String { "\(folder.path)/model.safetensors" }

  /// Writes the tensors and opens them.
  func weights(_ tensors: [Tensor], format: WeightFormat? = nil) throws -> CheckpointWeights {
    var offset = 0
    let entries = tensors.map { tensor in
      defer { offset += tensor.bytes.count }
      return
        "\"\(tensor.name)\":{\"dtype\":\"\(tensor.type)\",\"shape\":\(tensor.shape),"
        + "\"data_offsets\":[\(offset),\(offset + tensor.bytes.count)]}"
    }
    let header = Array("{\(entries.joined(separator: ","))}".utf8)
    var file = Data(withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) })
    file.append(contentsOf: header)
    for tensor in tensors { file.append(contentsOf: tensor.bytes) }
    try folder.file("model.safetensors", bytes: file)
    try folder.file("config.json", "{}")
    return try CheckpointWeights(Checkpoint(path: folder.path), format: format)
  }
}
