// Reference answers beside a fixture: what Hugging Face transformers computed (golden.safetensors).

import Foundation
import StrictJSON

/// The tensors of a golden.safetensors file, read without the engine's own reader.
struct Golden {
  private let data: Data
  private let header: JSONValue
  private let start: Int

  init(_ path: String) throws {
    data = try Data(contentsOf: URL(fileURLWithPath: path))
    let length = Int(data.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
    start = 8 + length
    header = try JSONValue(parsing: Array(data[8..<start]))
  }

  func floats(_ name: String) -> [[Float]]? { rows(name) }

  func integers(_ name: String) -> [[Int]]? {
    switch header[name]?["dtype"]?.string {
    case "I32": (rows(name) as [[Int32]]?)?.map { $0.map(Int.init) }
    case "I64": (rows(name) as [[Int64]]?)?.map { $0.map(Int.init) }
    default: nil
    }
  }

  /// Layers whose routing is recorded for a sequence.
  func routedLayers(_ sequence: String) -> [Int] {
    (header.object?.keys ?? []).compactMap { key in
      guard key.hasPrefix("\(sequence).layer"), key.hasSuffix(".router.experts") else { return nil }
      return Int(key.dropFirst("\(sequence).layer".count).prefix { $0.isNumber })
    }.sorted()
  }

  /// A tensor as rows; a vector is one row.
  private func rows<Element: BitwiseCopyable>(_ name: String) -> [[Element]]? {
    guard let entry = header[name], let shape = entry["shape"]?.array?.compactMap(\.int),
      let offset = entry["data_offsets"]?[0]?.int
    else { return nil }
    let columns = shape.last ?? 1
    let count = shape.dropLast().reduce(1, *)
    return data.withUnsafeBytes { bytes in
      (0..<count).map { row in
        (0..<columns).map { column in
          let place = start + offset + (row * columns + column) * MemoryLayout<Element>.stride
          return bytes.loadUnaligned(fromByteOffset: place, as: Element.self)
        }
      }
    }
  }
}
