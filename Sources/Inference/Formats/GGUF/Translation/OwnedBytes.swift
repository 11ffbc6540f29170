// Memory for tensors that are not in a file as they are wanted, and reading stored tensors as floats.

/// Bytes that a rearranged tensor owns.
final class OwnedBytes: @unchecked Sendable {
  let buffer: UnsafeMutableRawBufferPointer

  init(count: Int) {
    buffer = .allocate(byteCount: count, alignment: 64)
    buffer.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { buffer.deallocate() }

  var floats: UnsafeMutableBufferPointer<Float> { buffer.bindMemory(to: Float.self) }

  func copy(_ source: UnsafeRawBufferPointer, from: Int, count: Int, to: Int) {
    guard count > 0 else { return }
    UnsafeMutableRawBufferPointer(rebasing: buffer[to..<(to + count)])
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[from..<(from + count)]))
  }
}

/// A tensor's bytes, in its own type or as floats.
struct FloatsOrBytes {
  private let bytes: UnsafeRawBufferPointer
  private let owner: AnyObject

  /// - Throws: `unknownType` if the kernels cannot turn the tensor's type into floats.
  init(_ tensor: StoredTensor, as type: TensorType) throws(CheckpointError) {
    guard type != tensor.type || (type == .f32 && !tensor.isAligned) else {
      bytes = tensor.bytes
      owner = tensor.owner
      return
    }
    precondition(type == .f32, "\(type)")
    let owned = OwnedBytes(count: tensor.elements * 4)
    try tensor.dequantize(into: owned.floats)
    bytes = UnsafeRawBufferPointer(owned.buffer)
    owner = owned
  }

  func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
    withExtendedLifetime(owner) { body(bytes) }
  }

  /// The values, where they were asked for as floats.
  func withFloats(_ body: (UnsafeBufferPointer<Float>) -> Void) {
    withExtendedLifetime(owner) { body(bytes.bindMemory(to: Float.self)) }
  }
}

extension StoredTensor {
  var isAligned: Bool { bytes.baseAddress.map { Int(bitPattern: $0) % 4 == 0 } ?? true }

  /// All values, row by row.
  func dequantize(into target: UnsafeMutableBufferPointer<Float>) throws(CheckpointError) {
    if type == .f32 {
      UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes)
      return
    }
    let columns = shape.last ?? 1
    guard let format = type.weightFormat, format != .fp8, let base = bytes.baseAddress, columns > 0,
      let rowBytes = format.rowBytes(columns), let out = target.baseAddress
    else {
      if elements == 0 { return }
      throw CheckpointError(file, .unknownType("\(type)"), at: .tensor(name), offset: offset)
    }
    let rows = elements / columns
    let matrix = WeightMatrix(
      format: format, rows: rows, columns: columns, base: base, rowBytes: rowBytes)
    let kernels: Kernels
    do {
      kernels = try Kernels()
    } catch {
      throw CheckpointError(file, .invalid("\(error)"), at: .tensor(name))
    }
    for row in 0..<rows { kernels.dequantizeRow(row, of: matrix, into: out + row * columns) }
  }

  func renamed(_ name: String) -> StoredTensor {
    StoredTensor(
      name: name, type: type, shape: shape, bytes: bytes, file: file, offset: offset, owner: owner)
  }

  /// The part `index` along the outermost dimension; nil if there is none.
  func slice(_ index: Int, name: String) -> StoredTensor? {
    guard let count = shape.first, index < count else { return nil }
    let size = bytes.count / count
    return StoredTensor(
      name: name, type: type, shape: Array(shape.dropFirst()),
      bytes: UnsafeRawBufferPointer(rebasing: bytes[(index * size)..<((index + 1) * size)]),
      file: file, offset: offset + index * size, owner: owner)
  }

  /// A tensor made from this one in memory of its own.
  func remade(_ name: String, type: TensorType, shape: [Int], owner: OwnedBytes) -> StoredTensor {
    StoredTensor(
      name: name, type: type, shape: shape, bytes: UnsafeRawBufferPointer(owner.buffer), file: file,
      offset: offset, owner: owner)
  }
}
