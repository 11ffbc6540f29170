// Reads and checks the header of a safetensors file; nothing in it is trusted.

import StrictJSON

struct SafetensorsHeaderReader {
  private(set) var names: [String] = []
  private(set) var entries: [ByteKey: TensorEntry] = [:]
  private(set) var metadata: [(key: String, value: String)] = []
  private var hasMetadata = false

  private let path: String
  private let header: [UInt8]
  private let dataStart: Int
  private let dataBytes: Int
  private let fileBytes: Int

  private static let lengthBytes = 8
  private static let metadataKey = "__metadata__"

  init(_ file: borrowing InputFile, headerLimit: Int) throws(CheckpointError) {
    path = file.path
    fileBytes = file.size
    guard file.size >= Self.lengthBytes else {
      throw CheckpointError(path, .tooShort(bytes: file.size, needed: Self.lengthBytes))
    }
    let prefix = try file.read(at: 0, count: Self.lengthBytes)
    let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(headerLimit) else {
      throw CheckpointError(
        path, .headerTooLong(bytes: length, limit: UInt64(headerLimit)), offset: 0)
    }
    let left = file.size - Self.lengthBytes
    guard length <= UInt64(left) else {
      throw CheckpointError(path, .headerTooLong(bytes: length, limit: UInt64(left)), offset: 0)
    }
    header = try file.read(at: Self.lengthBytes, count: Int(length))
    dataStart = Self.lengthBytes + header.count
    dataBytes = left - header.count
    guard let first = header.first else {
      throw CheckpointError(path, .tooShort(bytes: file.size, needed: 10), offset: 0)
    }
    guard first == UInt8(ascii: "{") else {
      throw CheckpointError(path, .headerStart(first), offset: Self.lengthBytes)
    }
  }

  mutating func readAll() throws(CheckpointError) {
    var members = try json { () throws(JSONError) in
      try JSONMemberReader(
        header, limits: JSONLimits(bytes: header.count, values: 4 << 20))
    }
    while let member = try json({ () throws(JSONError) in try members.next() }) {
      let offset = Self.lengthBytes + member.offset
      if member.key.hasSameBytes(as: Self.metadataKey) {
        try readMetadata(member.value, offset: offset)
      } else {
        try add(member.key, member.value, offset: offset)
      }
    }
  }

  private func json<T>(_ body: () throws(JSONError) -> T) throws(CheckpointError) -> T {
    do {
      return try body()
    } catch {
      throw CheckpointError(path, .json("\(error.rule)"), offset: Self.lengthBytes + error.offset)
    }
  }

  private mutating func readMetadata(_ value: JSONValue, offset: Int) throws(CheckpointError) {
    let place = CheckpointError.Place.field(Self.metadataKey)
    guard !hasMetadata else { throw CheckpointError(path, .duplicate, at: place, offset: offset) }
    hasMetadata = true
    if value.isNull { return }
    guard let object = value.object else {
      throw CheckpointError(
        path, .wrongKind(found: value.kind, wanted: "an object"), at: place, offset: offset)
    }
    for member in object.members {
      guard let string = member.value.string else {
        throw CheckpointError(
          path, .wrongKind(found: member.value.kind, wanted: "a string"),
          at: .field("\(Self.metadataKey).\(member.key)"), offset: offset)
      }
      metadata.append((member.key, string))
    }
  }

  private mutating func add(_ name: String, _ value: JSONValue, offset: Int)
    throws(CheckpointError)
  {
    func refusal(_ rule: CheckpointError.Rule) -> CheckpointError {
      CheckpointError(path, rule, at: .tensor(name), offset: offset)
    }
    guard let fields = value.object else {
      throw refusal(.wrongKind(found: value.kind, wanted: "an object"))
    }
    guard let typeName = fields["dtype"]?.string else {
      throw refusal(.invalid("\"dtype\" is missing or no string"))
    }
    guard let type = TensorType(safetensors: typeName) else {
      throw refusal(.unknownType(typeName))
    }
    guard let shape = Self.counts(fields["shape"]) else {
      throw refusal(.shape("\"shape\" is not a list of non-negative integers"))
    }
    guard let ends = Self.counts(fields["data_offsets"]), ends.count == 2 else {
      throw refusal(.offsets("\"data_offsets\" are not two non-negative integers"))
    }
    let needed = try byteCount(type, shape, refusal)
    guard ends[0] <= ends[1] else {
      throw refusal(.offsets("data_offsets begin \(ends[0]) exceeds end \(ends[1])"))
    }
    guard ends[1] <= dataBytes else {
      throw refusal(
        .offsets("data_offsets end \(ends[1]) exceeds the \(dataBytes) bytes of data in the file"))
    }
    guard ends[1] - ends[0] == needed else {
      throw refusal(.wrongByteCount(found: ends[1] - ends[0], shapeNeeds: needed))
    }
    let entry = TensorEntry(
      type: type, shape: shape, range: (dataStart + ends[0])..<(dataStart + ends[1]))
    guard entries.updateValue(entry, forKey: ByteKey(name)) == nil else {
      throw refusal(.duplicate)
    }
    names.append(name)
  }

  private func byteCount(
    _ type: TensorType, _ shape: [Int], _ refusal: (CheckpointError.Rule) -> CheckpointError
  ) throws(CheckpointError) -> Int {
    guard let elements = checkedProduct(shape) else {
      throw refusal(.overflow("the product of the shape"))
    }
    guard let bytes = type.byteCount(elements: elements) else {
      throw refusal(
        elements % type.block.elements == 0
          ? .overflow("the size") : .shape("\(elements) elements of \(type) are not whole bytes"))
    }
    return bytes
  }

  /// Non-negative integers, written as such.
  private static func counts(_ value: JSONValue?) -> [Int]? {
    guard let array = value?.array else { return nil }
    var result: [Int] = []
    for element in array {
      guard let number = element.number, !number.text.hasPrefix("-"), let count = number.int
      else { return nil }
      result.append(count)
    }
    return result
  }

  /// Every byte of data belongs to exactly one tensor.
  func checkContiguity() throws(CheckpointError) {
    let byStart = names.map { (name: $0, range: range($0)) }
      .sorted {
        ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
      }
    var end = dataStart
    for (name, range) in byStart {
      guard range.lowerBound == end else {
        let begin = range.lowerBound - dataStart
        throw CheckpointError(
          path,
          .offsets(
            range.lowerBound < end
              ? "data_offsets begin \(begin) overlaps the tensor before"
              : "data_offsets begin \(begin) leaves a hole after \(end - dataStart)"),
          at: .tensor(name), offset: range.lowerBound)
      }
      end = range.upperBound
    }
    guard end == fileBytes else {
      throw CheckpointError(
        path, .offsets("\(fileBytes - end) bytes after the last tensor"), offset: end)
    }
  }

  private func range(_ name: String) -> Range<Int> { entries[ByteKey(name)]?.range ?? 0..<0 }
}

/// The product of non-negative counts; nil if it overflows, zeros or not: a shape must make sense by itself.
func checkedProduct(_ counts: [Int]) -> Int? {
  var product = 1
  for count in counts {
    let (next, overflow) = product.multipliedReportingOverflow(by: count)
    guard !overflow else { return nil }
    product = next
  }
  return product
}
