// model.safetensors.index.json: which shard holds which tensor.

import StrictJSON

/// The weight map of an index; every shard name in it is a plain file name.
struct SafetensorsIndex {
  static let limit = 64 << 20

  let path: String
  /// Tensor and shard, in the index's order.
  let tensors: [(name: String, shard: String)]

  init(path: String, bytes: [UInt8]) throws(CheckpointError) {
    self.path = path
    let document: JSONValue
    do {
      document = try JSONValue(
        parsing: bytes, limits: JSONLimits(bytes: Self.limit, depth: 16, values: 2 << 20))
    } catch {
      throw CheckpointError(path, .json("\(error.rule)"), offset: error.offset)
    }
    let place = CheckpointError.Place.field("weight_map")
    guard let value = document["weight_map"] else {
      throw CheckpointError(path, .missing, at: place)
    }
    guard let map = value.object else {
      throw CheckpointError(path, .wrongKind(found: value.kind, wanted: "an object"), at: place)
    }
    guard !map.isEmpty else { throw CheckpointError(path, .invalid("is empty"), at: place) }
    var tensors: [(name: String, shard: String)] = []
    tensors.reserveCapacity(map.count)
    for member in map.members {
      guard let shard = member.value.string else {
        throw CheckpointError(
          path, .wrongKind(found: member.value.kind, wanted: "a file name"), at: .tensor(member.key)
        )
      }
      guard Self.isPlainFileName(shard) else {
        throw CheckpointError(path, .shardName(shard), at: .tensor(member.key))
      }
      tensors.append((member.key, shard))
    }
    self.tensors = tensors
  }

  /// Whether `name` can only mean an entry of the folder itself.
  static func isPlainFileName(_ name: String) -> Bool {
    let bytes = name.utf8
    return !bytes.isEmpty && bytes.count <= 255 && name != "." && name != ".."
      && !bytes.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") || $0 < 0x20 }
  }
}
