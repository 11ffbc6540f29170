// The safetensors container: an 8-byte length, a JSON header, the tensors without gaps.

import StrictJSON

/// A safetensors file whose header is sound. The data are mapped and not touched.
///
/// As the reference implementation, this refuses a header over 100 MB, tensors that overlap or leave holes, and bytes
/// after the last tensor. It is stricter in one point: a name that occurs twice is an error.
final class SafetensorsFile: TensorContainer {
  let mapping: MappedFile
  /// In the header's order.
  let names: [String]
  let metadata: [(key: String, value: String)]
  private let entries: [ByteKey: TensorEntry]

  private static let headerLimit = 100_000_000

  init(path: String) throws(CheckpointError) {
    let file = try InputFile(path: path)
    var reader = try SafetensorsHeaderReader(file, headerLimit: Self.headerLimit)
    try reader.readAll()
    try reader.checkContiguity()
    mapping = file.map()
    names = reader.names
    metadata = reader.metadata
    entries = reader.entries
  }

  func entry(_ name: String) -> TensorEntry? { entries[ByteKey(name)] }
}
