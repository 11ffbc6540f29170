// Rewrites the tensors of a GGUF file in other formats, so that a test needs no second file.

import Foundation
import Inference

/// A GGUF file of floats, taken apart.
struct GGUFRewriter {
  struct Tensor {
    let name: [UInt8]
    /// Innermost first, as in the file.
    let shape: [Int]
    let floats: [Float]
  }

  private let preamble: [UInt8]
  let tensors: [Tensor]
  private static let alignment = 32

  /// - Parameter path: A sound file whose tensors are all F32.
  init(_ path: String) throws {
    let bytes = try Checkpoint.contents(ofFile: path, limit: 1 << 24)
    var position = 8
    let tensorCount = Self.integer(bytes, &position, 8)
    let pairCount = Self.integer(bytes, &position, 8)
    for _ in 0..<pairCount {
      Self.skipString(bytes, &position)
      Self.skipValue(bytes, &position, type: Self.integer(bytes, &position, 4))
    }
    preamble = Array(bytes[..<position])
    var entries: [(name: [UInt8], shape: [Int], offset: Int)] = []
    for _ in 0..<tensorCount {
      let start = position
      Self.skipString(bytes, &position)
      let name = Array(bytes[(start + 8)..<position])
      let shape = (0..<Self.integer(bytes, &position, 4)).map { _ in
        Self.integer(bytes, &position, 8)
      }
      guard Self.integer(bytes, &position, 4) == 0 else { throw EngineError.usage("not F32") }
      entries.append((name, shape, Self.integer(bytes, &position, 8)))
    }
    let start = (position + Self.alignment - 1) / Self.alignment * Self.alignment
    tensors = entries.map { entry in
      let count = entry.shape.reduce(1, *)
      let floats = bytes.withUnsafeBytes { raw in
        (0..<count).map {
          raw.loadUnaligned(fromByteOffset: start + entry.offset + 4 * $0, as: Float.self)
        }
      }
      return Tensor(name: entry.name, shape: entry.shape, floats: floats)
    }
  }

  /// The file with each tensor as `encode` gives it: its number in ggml's list and its bytes.
  func bytes(_ encode: (Tensor) -> (type: Int, bytes: [UInt8])) -> [UInt8] {
    var header = preamble
    var data: [UInt8] = []
    for tensor in tensors {
      let (type, bytes) = encode(tensor)
      header += Self.bytes(tensor.name.count, 8) + tensor.name
      header += Self.bytes(tensor.shape.count, 4) + tensor.shape.flatMap { Self.bytes($0, 8) }
      header += Self.bytes(type, 4) + Self.bytes(data.count, 8)
      data += bytes
      data += [UInt8](repeating: 0, count: (32 - data.count % Self.alignment) % Self.alignment)
    }
    let padding = (32 - header.count % Self.alignment) % Self.alignment
    return header + [UInt8](repeating: 0, count: padding) + data
  }

  private static func bytes(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  private static func integer(_ bytes: [UInt8], _ position: inout Int, _ count: Int) -> Int {
    defer { position += count }
    return (0..<count).reduce(0) { $0 | Int(bytes[position + $1]) << (8 * $1) }
  }

  private static func skipString(_ bytes: [UInt8], _ position: inout Int) {
    position += integer(bytes, &position, 8)
  }

  private static func skipValue(_ bytes: [UInt8], _ position: inout Int, type: Int) {
    switch type {
    case 0, 1, 7: position += 1
    case 2, 3: position += 2
    case 4, 5, 6: position += 4
    case 8: skipString(bytes, &position)
    case 9:
      let element = integer(bytes, &position, 4)
      for _ in 0..<integer(bytes, &position, 8) { skipValue(bytes, &position, type: element) }
    default: position += 8
    }
  }
}

extension GGUFRewriter.Tensor {
  /// Whether a converter would store it in blocks: a matrix with whole blocks to a row, the router and the small tensors
  /// of recurrent layers left out.
  var isQuantizable: Bool {
    let name = String(decoding: name, as: UTF8.self)
    return shape.count > 1 && shape[0] % 32 == 0 && name.hasSuffix(".weight")
      && !["gate_inp", "ssm_", "shortconv", "norm"].contains { name.contains($0) }
  }

  /// Q8_0 as ggml defines it: 32 signed bytes and their scale, the largest magnitude over 127, as a half.
  var blocks: [UInt8] {
    stride(from: 0, to: floats.count, by: 32).flatMap { start in
      let block = floats[start..<(start + 32)]
      let exact = (block.map(abs).max() ?? 0) / 127
      let inverse = exact == 0 ? 0 : 1 / exact
      let scale = Float16(exact).bitPattern
      let codes = block.map {
        UInt8(bitPattern: Int8(($0 * inverse).rounded(.toNearestOrAwayFromZero)))
      }
      return [UInt8(truncatingIfNeeded: scale), UInt8(truncatingIfNeeded: scale >> 8)] + codes
    }
  }

  /// What ``blocks`` stand for.
  var dequantized: [Float] {
    let blocks = blocks
    return stride(from: 0, to: blocks.count, by: 34).flatMap { start in
      let bits = UInt16(blocks[start]) | UInt16(blocks[start + 1]) << 8
      let scale = Float(Float16(bitPattern: bits))
      return blocks[(start + 2)..<(start + 34)].map { Float(Int8(bitPattern: $0)) * scale }
    }
  }

  static func bytes(_ floats: [Float]) -> [UInt8] { floats.withUnsafeBytes { Array($0) } }
}
