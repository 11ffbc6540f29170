// Reads and checks the header of a GGUF file; nothing in it is trusted.

import StrictJSON

struct GGUFHeaderReader: ~Copyable {
  static let magic = Array("GGUF".utf8)

  private(set) var metadata: GGUFMetadata
  private(set) var names: [String] = []
  private(set) var entries: [ByteKey: TensorEntry] = [:]

  private let path: String
  private var cursor: GGUFCursor
  private var alignment = 32
  /// As read: offsets are relative to the data, whose start is known only after the last description.
  private var pending: [(name: String, type: TensorType, shape: [Int], offset: UInt64, at: Int)] =
    []

  private static let keyLimit = 65_535
  private static let nameLimit = 1024
  private static let dimensionLimit = 4
  private static let stringLimit = 32 << 20
  /// Least bytes of a key-value pair and of a tensor description.
  private static let pairBytes = 13
  private static let descriptionBytes = 24

  /// Whether tensors may lie beyond the file's end: then the header is all there is.
  private let acceptsMissingData: Bool

  init(_ file: consuming InputFile, acceptsMissingData: Bool = false) {
    self.acceptsMissingData = acceptsMissingData
    path = file.path
    metadata = GGUFMetadata(file: file.path)
    cursor = GGUFCursor(file)
  }

  func map() -> MappedFile { cursor.file.map() }

  mutating func readAll() throws(CheckpointError) {
    let counts = try readPreamble()
    for _ in 0..<counts.pairs { try readPair() }
    try readAlignment()
    for _ in 0..<counts.tensors { try readDescription() }
    try placeTensors()
  }

  private mutating func readPreamble() throws(CheckpointError) -> (tensors: UInt64, pairs: UInt64) {
    guard cursor.left >= 24 else {
      throw CheckpointError(path, .tooShort(bytes: cursor.left, needed: 24))
    }
    guard try cursor.bytes(4, "the magic") == Self.magic else {
      throw CheckpointError(path, .invalid("does not begin with \"GGUF\""), offset: 0)
    }
    let version = try cursor.uint32("the version")
    guard version == 2 || version == 3 else {
      let rule =
        version.byteSwapped < 16
        ? "is big-endian" : "GGUF version \(version) is not known (only 2 and 3)"
      throw CheckpointError(path, .invalid(rule), offset: 4)
    }
    let tensors = try count("the tensor count", least: Self.descriptionBytes)
    return (tensors, try count("the metadata count", least: Self.pairBytes))
  }

  private mutating func count(_ what: String, least: Int) throws(CheckpointError) -> UInt64 {
    let offset = cursor.position
    let count = try cursor.uint64(what)
    let limit = UInt64(cursor.left / least)
    guard count <= limit else {
      throw CheckpointError(path, .limit(what, found: count, limit: limit), offset: offset)
    }
    return count
  }

  // MARK: - Metadata

  private mutating func readPair() throws(CheckpointError) {
    let offset = cursor.position
    let key = try cursor.string(limit: Self.keyLimit, "a key")
    let type = try readType(key)
    let value = try readValue(type, key)
    guard !key.isEmpty else {
      throw CheckpointError(path, .invalid("a key is empty"), offset: offset)
    }
    guard metadata.add(key, value) else {
      throw CheckpointError(path, .duplicate, at: .field(key), offset: offset)
    }
  }

  private mutating func readType(_ key: String) throws(CheckpointError) -> GGUFType {
    let offset = cursor.position
    let number = try cursor.uint32("a type")
    guard let type = GGUFType(rawValue: number) else {
      throw CheckpointError(path, .unknownType("\(number)"), at: .field(key), offset: offset)
    }
    return type
  }

  private mutating func readValue(_ type: GGUFType, _ key: String) throws(CheckpointError)
    -> GGUFValue
  {
    let offset = cursor.position
    switch type {
    case .string: return .string(try cursor.string(limit: Self.stringLimit, "a string"))
    case .array: return .array(try readArray(key))
    default:
      let bytes = try cursor.bytes(UInt64(type.byteCount ?? 0), "a value")
      guard let value = GGUFValue(type, bytes, at: 0) else {
        throw CheckpointError(
          path, .invalid("a boolean is \(bytes[0])"), at: .field(key), offset: offset)
      }
      return value
    }
  }

  private mutating func readArray(_ key: String) throws(CheckpointError) -> GGUFArray {
    let offset = cursor.position
    let type = try readType(key)
    let count = try cursor.uint64("an array's count")
    func refusal(_ rule: CheckpointError.Rule) -> CheckpointError {
      CheckpointError(path, rule, at: .field(key), offset: offset)
    }
    guard type != .array else { throw refusal(.invalid("arrays of arrays are not supported")) }
    let least = UInt64(type.byteCount ?? 8)
    guard count <= UInt64(cursor.left) / least else {
      throw refusal(
        .limit("an array's count", found: count, limit: UInt64(cursor.left) / least))
    }
    let bytes =
      type == .string
      ? try cursor.strings(count) : try cursor.bytes(count * least, "an array")
    if type == .bool, let wrong = bytes.first(where: { $0 > 1 }) {
      throw refusal(.invalid("a boolean is \(wrong)"))
    }
    return GGUFArray(type: type, count: Int(count), bytes: bytes)
  }

  private mutating func readAlignment() throws(CheckpointError) {
    let key = "general.alignment"
    guard let value = try metadata.int(key) else { return }
    guard value >= 1, value <= 1 << 24, value & (value - 1) == 0 else {
      throw metadata.refusal(key, "is \(value), not a power of two up to 2^24")
    }
    alignment = value
  }

  // MARK: - Tensors

  private mutating func readDescription() throws(CheckpointError) {
    let at = cursor.position
    let name = try cursor.string(limit: Self.nameLimit, "a tensor's name")
    func refusal(_ rule: CheckpointError.Rule) -> CheckpointError {
      CheckpointError(path, rule, at: .tensor(name), offset: at)
    }
    let dimensions = try cursor.uint32("a number of dimensions")
    guard dimensions <= Self.dimensionLimit else {
      throw refusal(
        .limit("dimensions", found: UInt64(dimensions), limit: UInt64(Self.dimensionLimit)))
    }
    var shape: [Int] = []
    for _ in 0..<dimensions {
      let dimension = try cursor.uint64("a dimension")
      guard let count = Int(exactly: dimension) else { throw refusal(.overflow("a dimension")) }
      shape.insert(count, at: 0)
    }
    let number = try cursor.uint32("a tensor's type")
    guard let type = TensorType(gguf: number) else {
      throw refusal(.unknownType(TensorType.removedNames[number] ?? "\(number)"))
    }
    pending.append((name, type, shape, try cursor.uint64("a tensor's offset"), at))
  }

  /// Turns offsets into ranges of the file and checks them against it and against each other.
  private mutating func placeTensors() throws(CheckpointError) {
    let (padded, overflow) = cursor.position.addingReportingOverflow(alignment - 1)
    guard !overflow else { throw CheckpointError(path, .overflow("the header")) }
    let dataStart = padded / alignment * alignment
    for tensor in pending {
      func refusal(_ rule: CheckpointError.Rule) -> CheckpointError {
        CheckpointError(path, rule, at: .tensor(tensor.name), offset: tensor.at)
      }
      let bytes = try Self.byteCount(tensor.type, tensor.shape, refusal)
      guard tensor.offset % UInt64(alignment) == 0 else {
        throw refusal(.offsets("offset \(tensor.offset) is not a multiple of \(alignment)"))
      }
      let room = acceptsMissingData ? Int.max - dataStart : max(0, cursor.file.size - dataStart)
      guard tensor.offset <= UInt64(room), bytes <= room - Int(tensor.offset) else {
        throw refusal(
          .offsets("\(bytes) bytes at offset \(tensor.offset) exceed the \(room) bytes of data"))
      }
      let start = dataStart + Int(tensor.offset)
      let entry = TensorEntry(
        type: tensor.type, shape: tensor.shape, range: start..<(start + bytes))
      guard entries.updateValue(entry, forKey: ByteKey(tensor.name)) == nil else {
        throw refusal(.duplicate)
      }
      names.append(tensor.name)
    }
    try checkOverlaps()
  }

  private static func byteCount(
    _ type: TensorType, _ shape: [Int], _ refusal: (CheckpointError.Rule) -> CheckpointError
  ) throws(CheckpointError) -> Int {
    guard let elements = checkedProduct(shape) else {
      throw refusal(.overflow("the product of the shape"))
    }
    guard (shape.last ?? 1) % type.block.elements == 0 else {
      throw refusal(
        .shape(
          "rows of \(shape.last ?? 1) are not whole blocks of \(type.block.elements) (\(type))"))
    }
    guard let bytes = type.byteCount(elements: elements) else {
      throw refusal(.overflow("the size"))
    }
    return bytes
  }

  private func checkOverlaps() throws(CheckpointError) {
    var end = 0
    let sorted = pending.indices.sorted { (pending[$0].offset, $0) < (pending[$1].offset, $1) }
    for index in sorted {
      guard let range = entries[ByteKey(pending[index].name)]?.range, !range.isEmpty else {
        continue
      }
      guard range.lowerBound >= end else {
        throw CheckpointError(
          path, .offsets("overlaps the tensor before"), at: .tensor(pending[index].name),
          offset: pending[index].at)
      }
      end = range.upperBound
    }
  }
}
