// The GGUF container, versions 2 and 3: metadata, tensor descriptions, aligned data.

import StrictJSON

/// A GGUF file whose header is sound. The data are mapped and not touched.
///
/// As llama.cpp's loader, this refuses big-endian files, version 1, keys and tensors that occur twice, offsets off
/// the alignment, rows that are not whole blocks, tensors beyond the file's end; it refuses overlaps as well. Gaps and
/// any order of the data are accepted.
final class GGUFFile: TensorContainer {
  let mapping: MappedFile
  let metadata: GGUFMetadata
  /// In the header's order.
  let names: [String]
  private let entries: [ByteKey: TensorEntry]

  /// - Parameter isHeaderOnly: Whether the data may be missing; no tensor may then be read.
  init(path: String, isHeaderOnly: Bool = false) throws(CheckpointError) {
    var reader = GGUFHeaderReader(try InputFile(path: path), acceptsMissingData: isHeaderOnly)
    try reader.readAll()
    metadata = reader.metadata
    names = reader.names
    entries = reader.entries
    mapping = reader.map()
  }

  func entry(_ name: String) -> TensorEntry? { entries[ByteKey(name)] }

  /// Whether the file begins as a GGUF file does.
  static func hasMagic(_ path: String) throws(CheckpointError) -> Bool {
    let file = try InputFile(path: path)
    return file.size >= 4 ? try file.read(at: 0, count: 4) == GGUFHeaderReader.magic : false
  }
}
