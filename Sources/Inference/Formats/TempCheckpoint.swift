import Foundation
import StrictJSON

public enum TensorType: Sendable { case f32, f16, bf16, u8, i64, f8_e4m3, other }
public struct StoredTensor {
  public let name: String
  public let type: TensorType
  public let shape: [Int]
  public let bytes: UnsafeRawBufferPointer
}
extension TensorType {
  var weightFormat: WeightFormat? {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    case .f8_e4m3: .fp8
    default: nil
    }
  }
}
public final class Checkpoint {
  public let config: JSONValue
  var t: [String: StoredTensor] = [:]
  let data: NSData
  public init(path: String) throws {
    config = try JSONValue(
      parsing: Array(Data(contentsOf: URL(fileURLWithPath: path + "/config.json"))),
      limits: JSONLimits(acceptsNonFinite: true))
    data = try NSData(contentsOf: URL(fileURLWithPath: path + "/model.safetensors"))
    let n = Int(data.bytes.loadUnaligned(as: UInt64.self))
    let h = try JSONValue(parsing: Array(UnsafeRawBufferPointer(start: data.bytes + 8, count: n)))
    for m in h.object!.members where m.key != "__metadata__" {
      let ty: TensorType =
        ["F32": .f32, "F16": .f16, "BF16": .bf16, "U8": .u8, "I64": .i64, "F8_E4M3": .f8_e4m3][
          m.value["dtype"]!.string!] ?? .other
      let o = m.value["data_offsets"]!
      let b = o[0]!.int!
      let e = o[1]!.int!
      t[m.key] = StoredTensor(
        name: m.key, type: ty, shape: m.value["shape"]!.array!.map { $0.int! },
        bytes: UnsafeRawBufferPointer(start: data.bytes + 8 + n + b, count: e - b))
    }
  }
  public func holds(_ name: String) -> Bool { t[name] != nil }
  public func tensor(named: String) throws -> StoredTensor? { t[named] }
}
