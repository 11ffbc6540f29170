// Files that are replaced whole or not at all, tried in a folder of their own.

import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite(.serialized) struct AtomicFileTests {
  private func inFolder(_ body: (String) throws -> Void) throws {
    let folder = try ScratchFolder()
    try body(folder.path)
  }

  private func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  @Test("a file is created and replaced, keeps its permissions, and leaves nothing beside it")
  func replaces() throws {
    try inFolder { folder in
      let path = folder + "/r.json"
      try AtomicFile.probe(path)
      #expect(try names(folder).isEmpty)
      try AtomicFile.write(path, Array("old".utf8))
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
      let big = [UInt8](repeating: 65, count: 3 << 20)
      try AtomicFile.write(path, big)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(big))
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
      #expect(try names(folder) == ["r.json"])
    }
  }

  @Test("a symbolic link stays a link and its target is replaced")
  func followsLinks() throws {
    try inFolder { folder in
      try AtomicFile.write(folder + "/real", [1])
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/link", withDestinationPath: "real")
      try AtomicFile.write(folder + "/link", [2])
      #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/real")) == Data([2]))
      #expect(
        try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/link") == "real")
    }
  }

  @Test("a place that cannot be written is found by the probe, with status 73 and the file's name")
  func probes() throws {
    try inFolder { folder in
      try AtomicFile.write(folder + "/file", [1])
      for path in [folder, folder + "/no/r.json", folder + "/file/r.json", "", folder + "/x/"] {
        let error = #expect(throws: FileError.self) { try AtomicFile.probe(path) }
        #expect(error?.exitStatus == 73)
        #expect(error.map { "\($0)".contains("cannot create") } == true)
        #expect(throws: FileError.self) { try AtomicFile.write(path, [2]) }
      }
      #expect(try names(folder) == ["file"])
    }
  }

  @Test(
    "a full device is an input/output error that says how much was needed",
    .enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "there is no /dev/full"))
  func fullDevice() throws {
    let error = #expect(throws: FileError.self) { try AtomicFile.write("/dev/full", [1, 2, 3]) }
    #expect(error?.exitStatus == 74)
    #expect(error.map { "\($0)".contains("/dev/full") && "\($0)".contains("3 bytes") } == true)
  }

  @Test("temporary files of killed runs are removed when over an hour old, others are left")
  func removesStale() throws {
    try inFolder { folder in
      let old = folder + "/.moebench-1-2-3.tmp"
      let fresh = folder + "/.moebench-4-5-6.tmp"
      let other = folder + "/notes.tmp"
      for path in [old, fresh, other] { try AtomicFile.write(path, []) }
      for path in [old, other] {
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: path)
      }
      try AtomicFile.probe(folder + "/r.json")
      #expect(try names(folder) == [".moebench-4-5-6.tmp", "notes.tmp"])
    }
  }
}
