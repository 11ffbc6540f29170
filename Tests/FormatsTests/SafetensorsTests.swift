// Sound safetensors files open, every way to be wrong is refused with file, tensor and rule.

import Foundation
import Inference
import Testing

@Suite struct SafetensorsTests {
  private func refusal(_ bytes: [UInt8]) throws -> CheckpointError? {
    let folder = try TemporaryFolder()
    try folder.write("config.json", "{}")
    try folder.write("model.safetensors", bytes)
    return folder.refusal()
  }

  private static let one = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#

  @Test("a sound file gives its tensors by name, with type, shape and bytes")
  func sound() throws {
    let folder = try TemporaryFolder()
    try folder.write("config.json", #"{"model_type":"x","limit":[0.0, Infinity]}"#)
    let header = """
      {"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[2,1],"data_offsets":[8,12]},
      "empty":{"dtype":"F16","shape":[0,5],"data_offsets":[12,12]},
      "a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
      "scalar":{"dtype":"U8","shape":[],"data_offsets":[12,13]}}
      """
    try folder.write("model.safetensors", safetensors(header, data: 13))
    let checkpoint = try Checkpoint(path: folder.path)
    #expect(checkpoint.tensorNames == ["b", "empty", "a", "scalar"])
    let b = try #require(try checkpoint.tensor(named: "b"))
    #expect(b.type == .bf16 && b.shape == [2, 1] && Array(b.bytes) == [8, 9, 10, 11])
    let empty = try #require(try checkpoint.tensor(named: "empty"))
    #expect(empty.bytes.isEmpty && empty.elements == 0)
    #expect(try checkpoint.tensor(named: "scalar")?.elements == 1)
    #expect(try checkpoint.tensor(named: "c") == nil)
    #expect(checkpoint.config["model_type"]?.string == "x")
  }

  @Test(
    "what the reference reader accepts is accepted",
    arguments: [
      #"{"__metadata__":null,"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#,
      #"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8],"x":[[[[[[[[[1]]]]]]]]]}}"#,
      #"{"a":{"dtype":"F4","shape":[16],"data_offsets":[0,8]}}   "#,
      #"{"":{"dtype":"F32","shape":[0,4611686018427387904,8],"data_offsets":[0,0]},"#
        + #""\u0000":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}"#,
    ])
  func odd(header: String) throws {
    #expect(try refusal(safetensors(header, data: 8)) == nil)
  }

  @Test("a tensor outlives its checkpoint")
  func lifetime() throws {
    let folder = try TemporaryFolder()
    try folder.write("config.json", "{}")
    try folder.write("model.safetensors", safetensors(Self.one, data: 8))
    let tensor = try Checkpoint(path: folder.path).tensor(named: "a")
    #expect(tensor.map { Array($0.bytes) } == [0, 1, 2, 3, 4, 5, 6, 7])
  }

  @Test("names that differ only in Unicode form are two tensors")
  func unicodeNames() throws {
    let header = #"""
      {"\u00e9":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},
      "e\u0301":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}
      """#
    let folder = try TemporaryFolder()
    try folder.write("config.json", "{}")
    try folder.write("model.safetensors", safetensors(header, data: 2))
    let checkpoint = try Checkpoint(path: folder.path)
    #expect(try checkpoint.tensor(named: "\u{e9}").map { Array($0.bytes) } == [0])
    #expect(try checkpoint.tensor(named: "e\u{301}").map { Array($0.bytes) } == [1])
  }

  @Test("a file that is no container is refused", arguments: [0, 1, 7, 8, 9])
  func truncated(count: Int) throws {
    let error = try refusal(Array(safetensors(Self.one, data: 8).prefix(count)))
    #expect(error?.exitStatus == 65)
    #expect(error?.file.hasSuffix("model.safetensors") == true)
  }

  @Test("a header longer than the file is an error that names the file")
  func longHeader() throws {
    for length in [100, 99_999_999, 100_000_001, UInt64(Int64.max), .max] as [UInt64] {
      let error = try refusal(littleEndian(length) + Array(Self.one.utf8))
      guard case .headerTooLong? = error?.rule else {
        Issue.record("\(length): \(String(describing: error))")
        continue
      }
      #expect(error?.offset == 0)
    }
  }

  @Test(
    "a lying header is refused in one clean line that names the file", arguments: hostileHeaders)
  func lyingHeader(header: String) throws {
    let error = try #require(try refusal(safetensors(header, data: 8)), "\(header)")
    #expect(error.exitStatus == 65)
    let line = error.description
    #expect(line.utf8.count <= 300 && line.contains("model.safetensors: "))
    #expect(line.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f })
  }

  static let hostileHeaders: [String] = [
    "", " {}", "[]", "{", "null", "{}", Self.one + "x", "\u{FEFF}{}",
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,99999999999999999999]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0.0,8.0]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":"0,8"}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[true,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2]}}"#,
    #"{"a":{"dtype":"F32","data_offsets":[0,8]}}"#,
    #"{"a":{"shape":[2],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"f32","shape":[2],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":1,"shape":[2],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}"#,
    #"{"a":[]}"#, #"{"a":1}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}"#,
    #"{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[2],"data_offsets":[6,8]}}"#,
    #"{"\u001b[2J\u202e\n":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
    #"{"\#(String(repeating: "é", count: 5000))":{"dtype":"X","shape":[1],"data_offsets":[4,8]}}"#,
    #"{"__metadata__":1,"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
    #"{"__metadata__":{"a":1},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
    String(repeating: #"{"a":"#, count: 100_000),
  ]

  @Test("a refusal names tensor, rule and place as in the published example")
  func wording() throws {
    let header = #"{"model.norm.weight":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}}"#
    let line = try #require(try refusal(safetensors(header, data: 8))).description
    #expect(line.hasPrefix("…") || line.hasPrefix("/"))
    #expect(
      line.hasSuffix(
        #"model.safetensors: tensor "model.norm.weight": data_offsets end 16 exceeds the 8 "#
          + "bytes of data in the file (offset 0x9)"))
  }
}
