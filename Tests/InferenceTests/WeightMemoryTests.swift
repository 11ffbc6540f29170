// Where weights lie, what a probe reads of them, and that files they were copied from leave memory.

import Foundation
import Inference
import Testing

@Suite("Weight memory")
struct WeightMemoryTests {
  @Test("weights of the process' own are all there but the embedding and the norms")
  func ownWeights() throws {
    let decoder = try Fixture("olmoe").syntheticDecoder()
    let bytes = decoder.weightBytes
    let apart = (bytes.byRole[.embedding] ?? 0) + (bytes.byRole[.norm] ?? 0)
    #expect(apart > 0)
    #expect(decoder.weightMemory.byteCount == bytes.total - apart)
  }

  @Test(
    "a sample is as large as asked for, in whole pieces, each byte once", arguments: [1, 3, 4, 7])
  func samples(divisor: Int) throws {
    let decoder = try Fixture("olmoe").syntheticDecoder()
    let memory = decoder.weightMemory
    let (wanted, size) = (memory.byteCount / divisor, 4096)
    let pieces = memory.sample(wanted, piece: size)
    let taken = pieces.reduce(0) { $0 + $1.count }
    #expect(taken >= wanted && taken <= wanted + size)
    #expect(pieces.allSatisfy { $0.count > 0 && $0.count <= size })
    for (piece, next) in zip(pieces, pieces.dropFirst()) {
      let end = try #require(piece.baseAddress) + piece.count
      #expect(end <= (try #require(next.baseAddress)))
    }
  }

  @Test("a probe reads enough weights, or none", arguments: [1, 2])
  func probes(threads: Int) throws {
    let memory = try Fixture("olmoe").syntheticDecoder().weightMemory
    #expect(CeilingProbe.Ground.weights(memory, bytes: memory.byteCount + 1) == nil)
    let ground = try #require(CeilingProbe.Ground.weights(memory, bytes: memory.byteCount))
    let probe = try CeilingProbe(threads: threads, reading: ground)
    probe.run(.read)
    #expect(probe.amount(of: .read) == Double(memory.byteCount / 4 * 4))
    let buffer = try CeilingProbe(
      threads: threads, reading: .buffer(bytes: (3 << 20) + 8))
    buffer.run(.read)
    #expect(buffer.amount(of: .read) == Double((3 << 20) + 8))
  }

  @Test("weights in a file's mapping are no memory of our own, and are read again once given back")
  func mappedWeights() throws {
    let fixture = try Fixture("olmoe")
    let decoder = try fixture.decoder()
    #expect(decoder.weightMemory.byteCount == 0)
    let before = try decoder.scores([(0, fixture.a[...])])
    decoder.weightMemory.releaseMappings()
    decoder.cache.reset(0)
    #expect(try decoder.scores([(0, fixture.a[...])]) == before)
  }

  #if os(Linux)
    @Test("a file whose weights were converted does not stay in memory beside them")
    func convertedFilesLeave() throws {
      let folder = try TensorFolder()
      let side = 2048
      let ones = [UInt16](repeating: 0x3C00, count: side * side)
      let weights = try folder.weights(
        [TensorFolder.Tensor("a.weight", "F16", [side, side], ones)], format: .q8_0)
      let matrix = try weights.matrix(
        Parameter(matrix: "a.weight", rows: side, columns: side, role: .attention))
      #expect(matrix.format == .q8_0)
      let resident = try withExtendedLifetime(weights) { try residentBytes(of: folder.file) }
      #expect(resident > 0)
      #expect(resident < side * side / 4, "\(resident) bytes of \(2 * side * side)")
    }

    /// Bytes of a mapped file that are in this process' memory.
    private func residentBytes(of file: String) throws -> Int {
      let handle = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
      let text = String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
      var isInFile = false
      var bytes = 0
      for line in text.split(separator: "\n") {
        let words = line.split(separator: " ")
        if let first = words.first, !first.hasSuffix(":") {
          isInFile = line.hasSuffix(file)
        } else if isInFile, words[0] == "Rss:", let kibibytes = Int(words[1]) {
          bytes += kibibytes * 1024
        }
      }
      return bytes
    }
  #endif
}
