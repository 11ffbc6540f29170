// Folders as on the hub: shards, indexes, links, and what must not be followed or waited for.

import Foundation
import Inference
import Testing

@Suite struct FolderTests {
  private static let tensor = #"{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#

  private func shards(index: String, shards: [String: [String]]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write("config.json", "{}")
    try folder.write("model.safetensors.index.json", index)
    for (name, tensors) in shards {
      let header = tensors.enumerated().map {
        "\"\($1)\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[\($0),\($0 + 1)]}"
      }
      try folder.write(
        name, safetensors("{" + header.joined(separator: ",") + "}", data: tensors.count))
    }
    return folder
  }

  @Test("tensors are found in the shards the index names")
  func sharded() throws {
    let folder = try shards(
      index:
        #"{"metadata":{},"weight_map":{"b":"2.safetensors","a":"1.safetensors","c":"2.safetensors"}}"#,
      shards: ["1.safetensors": ["a"], "2.safetensors": ["c", "b"]])
    let checkpoint = try Checkpoint(path: folder.path)
    #expect(checkpoint.tensorNames == ["b", "a", "c"])
    #expect(try checkpoint.tensor(named: "b")?.file.hasSuffix("2.safetensors") == true)
    #expect(try checkpoint.tensor(named: "b").map { Array($0.bytes) } == [1])
  }

  @Test(
    "an index that lies is refused",
    arguments: [
      #"{}"#, #"[]"#, #"{"weight_map":[]}"#, #"{"weight_map":{}}"#, #"{"weight_map":{"a":1}}"#,
      #"{"weight_map":{"a":"gone.safetensors"}}"#, #"{"weight_map":{"x":"1.safetensors"}}"#,
      #"{"weight_map":{"a":"1.safetensors","a":"1.safetensors"}}"#, #"{"weight_map":"#, "",
    ])
  func lyingIndex(index: String) throws {
    let error = try shards(index: index, shards: ["1.safetensors": ["a"]]).refusal()
    #expect(error?.exitStatus == 65)
    #expect(error?.file.hasSuffix("model.safetensors.index.json") == true)
  }

  @Test(
    "a shard's name must be a plain file name",
    arguments: [
      "", ".", "..", "../1.safetensors", "/etc/passwd", "a/b", "..\\\\1", "a\\u0000b", "a\\nb",
    ])
  func traversal(name: String) throws {
    let error = try shards(
      index: "{\"weight_map\":{\"a\":\"\(name)\"}}", shards: ["1.safetensors": ["a"]]
    ).refusal()
    guard case .shardName? = error?.rule else {
      Issue.record("\(name): \(String(describing: error))")
      return
    }
    #expect(error?.exitStatus == 65)
  }

  @Test("links to files are followed, loops are refused")
  func links() throws {
    let cache = try TemporaryFolder()
    try cache.write("blob", safetensors("{\"a\":\(Self.tensor)}", data: 1))
    let folder = try TemporaryFolder()
    try folder.write("config.json", "{}")
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("model.safetensors"), withDestinationPath: cache.file("blob"))
    #expect(folder.refusal() == nil)
    try FileManager.default.removeItem(atPath: folder.file("model.safetensors"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("model.safetensors"), withDestinationPath: "model.safetensors")
    #expect(folder.refusal()?.rule == .symbolicLinkLoop)
  }

  @Test("pipes, folders and devices in place of files are refused without waiting")
  func specialFiles() throws {
    for name in ["config.json", "model.safetensors"] {
      let folder = try TemporaryFolder()
      try folder.write("config.json", "{}")
      try? FileManager.default.removeItem(atPath: folder.file(name))
      #expect(mkfifo(folder.file(name), 0o600) == 0)
      #expect(folder.refusal()?.rule == .notARegularFile("a pipe"))
      #expect(unlink(folder.file(name)) == 0)
      try FileManager.default.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: false)
      #expect(folder.refusal()?.rule == .notARegularFile("a folder"))
      try FileManager.default.removeItem(atPath: folder.file(name))
      try FileManager.default.createSymbolicLink(
        atPath: folder.file(name), withDestinationPath: "/dev/zero")
      #expect(folder.refusal()?.rule == .notARegularFile("a device"))
    }
    for path in ["/dev/null", "/dev/zero"] {
      #expect(throws: CheckpointError.self) { try Checkpoint(path: path) }
    }
  }

  @Test("what is missing is status 66: the path, its configuration, its weights")
  func missing() throws {
    let folder = try TemporaryFolder()
    #expect(folder.refusal("none")?.rule == .notFound)
    #expect(folder.refusal()?.rule == .noConfiguration)
    try folder.write("config.json", "{}")
    #expect(folder.refusal()?.rule == .noWeights)
    #expect(folder.refusal()?.exitStatus == 66)
    try folder.write("other.safetensors", safetensors("{\"a\":\(Self.tensor)}", data: 1))
    #expect(folder.refusal() == nil)
    try folder.write("another.safetensors", safetensors("{\"a\":\(Self.tensor)}", data: 1))
    #expect(folder.refusal()?.rule == .severalWeightFiles(2))
  }

  @Test(
    "a configuration that is no JSON object is refused",
    arguments: ["", "[]", "null", "{", "{\"a\":1,\"a\":2}", "{\"a\":\"\\ud800\"}"])
  func configuration(text: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("config.json", text)
    let error = folder.refusal()
    #expect(error?.exitStatus == 65 && error?.file.hasSuffix("config.json") == true)
  }

  @Test("an index over 600 GB of sparse shards opens by reading headers alone")
  func sparse() throws {
    let folder = try TemporaryFolder()
    try folder.write("config.json", "{}")
    var map: [String] = []
    for shard in 0..<150 {
      let name = "model-\(shard).safetensors"
      let size = 4 << 30
      let header =
        "{\"t\(shard)\":{\"dtype\":\"U8\",\"shape\":[\(size)],\"data_offsets\":[0,\(size)]}}"
      try folder.writeSparse(name, safetensors(header), size: 8 + header.utf8.count + size)
      map.append("\"t\(shard)\":\"\(name)\"")
    }
    try folder.write(
      "model.safetensors.index.json", "{\"weight_map\":{\(map.joined(separator: ","))}}")
    let checkpoint = try Checkpoint(path: folder.path)
    #expect(checkpoint.description(ofTensor: "t149")?.byteCount == 4 << 30)
    #expect(try checkpoint.tensor(named: "t149")?.bytes.last == 0)
  }
}
