// Four-bit weights whose numbers and scales lie in tensors of their own, brought into the kernels' blocks bit by bit.

import Dispatch

extension CheckpointWeights {
  /// Symmetric four-bit integers in groups of 32 as compressed-tensors packs them (Kimi K2): eight to a word from the
  /// lowest bits up, 8 added to each, and a half-wide float a group. The kernels' Q4_0 holds the same integers.
  ///
  /// - Parameter name: The weight's name; the tensors are `name_packed`, `name_scale` and `name_shape`.
  /// - Returns: nil where there is no such tensor.
  func packedIntegers(_ name: String, rows: Int, columns: Int) throws -> WeightMatrix? {
    guard let codes = try tensor(name + "_packed") else { return nil }
    let scales = try find(name + "_scale")
    try checkShapeTensor(name + "_shape", rows, columns)
    guard columns % 32 == 0, let rowBytes = WeightFormat.q4_0.rowBytes(columns) else {
      throw EngineError.tensorType(
        name: codes.name, found: "\(columns) columns", rule: "must be whole groups of 32")
    }
    try check(codes, shape: [rows, columns / 8])
    try check(scales, shape: [rows, columns / 32])
    guard codes.type == .i32, let words = codes.bytes.baseAddress,
      let halves = scales.bytes.baseAddress
    else {
      throw EngineError.tensorType(name: codes.name, found: "\(codes.type)", rule: "must be I32")
    }
    let converter = try HalfScales(scales)
    let memory = try allocate(rows * rowBytes, codes.name)
    let (source, factors) = (SharedBytes(words), SharedBytes(halves))
    let target = SharedMutableBytes(memory.base)
    repack(rows: rows, groups: columns / 32) { index in
      let block = target.base + index * 18
      let scale = factors.base.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
      block.storeBytes(
        of: converter.half(UInt16(littleEndian: scale)).littleEndian, as: UInt16.self)
      repackNibbles(source.base + index * 16, into: block + 2)
    }
    var matrix = WeightMatrix(
      format: .q4_0, rows: rows, columns: columns, base: UnsafeRawPointer(memory.base),
      rowBytes: rowBytes)
    matrix.factor = converter.factor
    matrix.isOwned = true
    codes.releasePages()
    scales.releasePages()
    return matrix
  }

  /// Four-bit floats, two to a byte, with an exponent for each 32 (DeepSeek-V4's experts): MXFP4 in another order.
  func packedFloats(_ codes: StoredTensor, rows: Int, columns: Int) throws -> WeightMatrix {
    guard columns % 32 == 0, let rowBytes = WeightFormat.mxfp4.rowBytes(columns) else {
      throw EngineError.tensorType(
        name: codes.name, found: "\(columns) columns", rule: "must be whole groups of 32")
    }
    try check(codes, shape: [rows, columns / 2])
    let scales = try find(scaleName(codes.name))
    try check(scales, shape: [rows, columns / 32])
    guard scales.type == .f8_e8m0, let nibbles = codes.bytes.baseAddress,
      let exponents = scales.bytes.baseAddress
    else {
      throw EngineError.tensorType(
        name: scales.name, found: "\(scales.type)", rule: "must be F8_E8M0")
    }
    guard !scales.bytes.contains(255) else {
      throw EngineError.nonFinite(place: "tensor \"\(scales.name)\"")
    }
    let memory = try allocate(rows * rowBytes, codes.name)
    let (source, powers) = (SharedBytes(nibbles), SharedBytes(exponents))
    let target = SharedMutableBytes(memory.base)
    repack(rows: rows, groups: columns / 32) { index in
      let block = target.base + index * 17
      block.storeBytes(
        of: powers.base.load(fromByteOffset: index, as: UInt8.self), as: UInt8.self)
      repackNibbles(source.base + index * 16, into: block + 1)
    }
    var matrix = WeightMatrix(
      format: .mxfp4, rows: rows, columns: columns, base: UnsafeRawPointer(memory.base),
      rowBytes: rowBytes)
    matrix.isOwned = true
    codes.releasePages()
    scales.releasePages()
    return matrix
  }

  /// Calls `body` with the number of every block of a matrix, in parallel.
  private func repack(rows: Int, groups: Int, _ body: @Sendable (Int) -> Void) {
    let pieces = min(rows, 64)
    DispatchQueue.concurrentPerform(iterations: pieces) { piece in
      for index in (rows * piece / pieces * groups)..<(rows * (piece + 1) / pieces * groups) {
        body(index)
      }
    }
  }

  /// Where DeepSeek-V4 keeps the scales of `module.weight`.
  func scaleName(_ weight: String) -> String {
    (weight.hasSuffix(".weight") ? String(weight.dropLast("weight".count)) : weight + ".") + "scale"
  }

  /// Powers of two as floats.
  func exponents(_ tensor: StoredTensor, shape: [Int]) throws -> Vector {
    try check(tensor, shape: shape)
    let memory = try allocate(tensor.bytes.count * 4, tensor.name)
    for (index, exponent) in tensor.bytes.enumerated() {
      guard exponent != 255 else {
        throw EngineError.nonFinite(place: "tensor \"\(tensor.name)\"")
      }
      memory.floats[index] = Float(
        bitPattern: exponent == 0 ? 0x0040_0000 : UInt32(exponent) << 23)
    }
    return Vector(memory.floats, count: tensor.bytes.count)
  }

  /// compressed-tensors also stores the unpacked shape: it must be the one the configuration gives.
  private func checkShapeTensor(_ name: String, _ rows: Int, _ columns: Int) throws {
    let stored = try find(name)
    try check(stored, shape: [2])
    let values: [Int]
    switch stored.type {
    case .i64:
      values = (0..<2).compactMap {
        Int(exactly: stored.bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self))
      }
    case .i32:
      values = (0..<2).map {
        Int(stored.bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self))
      }
    default:
      throw EngineError.tensorType(
        name: name, found: "\(stored.type)", rule: "must be I32 or I64")
    }
    guard values == [rows, columns] else {
      throw EngineError.tensorShape(name: name, found: values, expected: [rows, columns])
    }
  }
}

/// Elements 2j and 2j + 1 share a byte in the checkpoint, elements j and j + 16 in the kernels' block.
func repackNibbles(_ source: UnsafeRawPointer, into block: UnsafeMutableRawPointer) {
  for j in 0..<8 {
    let low = source.load(fromByteOffset: j, as: UInt8.self)
    let high = source.load(fromByteOffset: j + 8, as: UInt8.self)
    block.storeBytes(of: low & 15 | high << 4, toByteOffset: 2 * j, as: UInt8.self)
    block.storeBytes(of: low >> 4 | high & 0xF0, toByteOffset: 2 * j + 1, as: UInt8.self)
  }
}
