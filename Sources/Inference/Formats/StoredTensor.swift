// One tensor of a checkpoint: what it is called, how it is shaped, where its bytes are.

/// A tensor as stored. Its bytes are valid as long as this value (it retains their owner).
public struct StoredTensor: @unchecked Sendable {
  public let name: String
  public let type: TensorType
  /// Outermost dimension first, as in safetensors.
  public let shape: [Int]
  /// The elements, row after row; not necessarily aligned.
  public let bytes: UnsafeRawBufferPointer
  /// The file it lies in (for what was rearranged: came from).
  public let file: String
  /// Where it begins in the file.
  public let offset: Int
  /// Keeps ``bytes`` alive.
  let owner: AnyObject

  init(
    name: String, type: TensorType, shape: [Int], bytes: UnsafeRawBufferPointer, file: String,
    offset: Int, owner: AnyObject
  ) {
    self.name = name
    self.type = type
    self.shape = shape
    self.bytes = bytes
    self.file = file
    self.offset = offset
    self.owner = owner
  }

  public var elements: Int { shape.reduce(1, *) }
}

/// What a container's header says about one tensor; checked against the file.
struct TensorEntry: Sendable {
  let type: TensorType
  let shape: [Int]
  /// Bytes in the file.
  let range: Range<Int>
}

/// A file of tensors whose header was read and found sound.
protocol TensorContainer: AnyObject, Sendable {
  var mapping: MappedFile { get }
}

extension TensorContainer {
  /// The tensor an entry of this file describes.
  func tensor(named name: String, _ entry: TensorEntry) throws(CheckpointError) -> StoredTensor {
    StoredTensor(
      name: name, type: entry.type, shape: entry.shape, bytes: try mapping.bytes(entry.range),
      file: mapping.path, offset: entry.range.lowerBound, owner: mapping)
  }
}
