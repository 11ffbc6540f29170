// A file that is cut while it is mapped ends the process in order, with the file's name.

import Foundation
import Inference
import Testing

@Suite struct ShrinkingFileTests {
  @Test("reading past the new end of a cut file is status 74 and a line, not SIGBUS")
  func shrinks() async throws {
    let result = await #expect(
      processExitsWith: .exitCode(74), observing: [\.standardErrorContent]
    ) {
      let folder = try TemporaryFolder()
      let size = 1 << 20
      let header = #"{"t":{"dtype":"U8","shape":[1048576],"data_offsets":[0,1048576]}}"#
      try folder.write("config.json", "{}")
      try folder.writeSparse(
        "model.safetensors", safetensors(header), size: 8 + header.utf8.count + size)
      let tensor = try #require(try Checkpoint(path: folder.path).tensor(named: "t"))
      guard truncate(folder.file("model.safetensors"), 4096) == 0 else { return }
      // The process ends at the read: what is mapped stays when its name goes.
      try FileManager.default.removeItem(atPath: folder.path)
      // Written out, or the optimiser would leave the reading away.
      FileHandle.standardOutput.write(Data([tensor.bytes[size - 1]]))
    }
    let line = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(line.contains("model.safetensors: file changed while reading\n"))
  }
}
