// Models in several GGUF files: all parts are found from the first, and each is who it says.

import Foundation
import Inference
import Testing

@Suite struct GGUFSplitTests {
  private func parts(
    first: (inout GGUFBuilder) -> Void = { _ in }, second: (inout GGUFBuilder) -> Void = { _ in }
  ) throws -> TemporaryFolder {
    var whole = GGUFBuilder.smallest()
    var rest = GGUFBuilder()
    whole.tensors.removeLast()
    rest.add(tensor: "output_norm.weight", [32], bytes: 128)
    for (number, stated) in [(0, 5), (1, 0)] {
      var builder = number == 0 ? whole : rest
      builder.add("split.no", type: 2, littleEndian(UInt16(number)))
      builder.add("split.count", type: 2, littleEndian(UInt16(2)))
      if stated > 0 { builder.add("split.tensors.count", type: 5, littleEndian(Int32(stated))) }
      if number == 0 { whole = builder } else { rest = builder }
    }
    first(&whole)
    second(&rest)
    let folder = try TemporaryFolder()
    try folder.write("m-00001-of-00002.gguf", whole.bytes)
    try folder.write("m-00002-of-00002.gguf", rest.bytes)
    return folder
  }

  @Test("the parts together are the model, by the first file or by the folder")
  func sound() throws {
    let folder = try parts()
    for path in [folder.file("m-00001-of-00002.gguf"), folder.path] {
      let checkpoint = try Checkpoint(path: path)
      let norm = try #require(try checkpoint.tensor(named: "model.norm.weight"))
      #expect(norm.file.hasSuffix("m-00002-of-00002.gguf"))
    }
  }

  @Test("another part than the first, a missing part, a part of another model are refused")
  func lying() throws {
    let name = "m-00001-of-00002.gguf"
    #expect(try parts().refusal("m-00002-of-00002.gguf")?.place == .field("split.no"))
    let missing = try parts()
    try FileManager.default.removeItem(atPath: missing.file("m-00002-of-00002.gguf"))
    guard case .missingShard? = missing.refusal(name)?.rule else {
      Issue.record("\(String(describing: missing.refusal(name)))")
      return
    }
    let renamed = try parts()
    try FileManager.default.moveItem(atPath: renamed.file(name), toPath: renamed.file("m.gguf"))
    #expect(renamed.refusal("m.gguf")?.place == .field("split.count"))
    let other = try parts(second: { $0.pairs.removeFirst() })
    #expect(other.refusal(name)?.place == .field("split.no"))
    let twice = try parts(second: { $0.add(tensor: "token_embd.weight", [32], bytes: 128) })
    #expect(twice.refusal(name)?.exitStatus == 65)
    let fewer = try parts(first: { $0.tensors.removeLast() })
    #expect(fewer.refusal(name)?.place == .field("split.tensors.count"))
  }
}
