// What must stay true of the kernels' speed and size: Benchmarks/thresholds/kernels.json, as ratios and counts.

import CKernels
import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite("thresholds", .serialized)
struct ThresholdTests {
  /// The least speed of one product over the reference's.
  struct Threshold: Sendable, CustomTestStringConvertible {
    let isa: String
    let format: String
    let tokens: Int
    let ratio: Double
    var testDescription: String { "\(isa), \(format), \(tokens) tokens" }
  }

  static let file = Result { try RepositoryFile.json("Benchmarks/thresholds/kernels.json") }

  static func thresholds() throws -> [Threshold] {
    var all: [Threshold] = []
    let sets = try #require(try file.get()["speed_over_reference"]?.object)
    for set in sets.members {
      for format in try #require(set.value.object).members {
        for entry in try #require(format.value.object).members {
          all.append(
            Threshold(
              isa: set.key, format: format.key, tokens: try #require(Int(entry.key)),
              ratio: try #require(entry.value.double)))
        }
      }
    }
    return all
  }

  static func format(_ name: String) throws -> Format {
    try #require(Format.all.first { $0.testDescription == name }, "\(name)")
  }

  /// The reference is what all are compared with; the others were never measured on hardware.
  static let without: Set = ["reference", "neon", "neon-dotprod", "neon-i8mm", "amx"]

  @Test("every instruction set has thresholds of every format, or is known to have none")
  func complete() throws {
    let names = Set(try Self.thresholds().map { "\($0.isa) \($0.format)" })
    let sets = InstructionSet.names.filter { !Self.without.contains($0) }
    #expect(Self.without.isSubset(of: InstructionSet.names))
    for isa in sets {
      for format in Format.all { #expect(names.contains("\(isa) \(format.testDescription)")) }
    }
    #expect(names.count == sets.count * Format.all.count)
  }

  static let available = Set(InstructionSet.available.map(\.testDescription)).subtracting(without)

  @Test("256 packed weights have the bytes of the file's, and one pass reads no more")
  func bytes() throws {
    let counts = try #require(try Self.file.get()["bytes_of_256_weights"]?.object)
    #expect(counts.count == Format.all.count)
    for entry in counts.members {
      let format = try Self.format(entry.key)
      let bytes = try #require(entry.value.int)
      #expect(256 / format.block * format.blockBytes == bytes, "\(entry.key)")
      if format.block > 1 {
        #expect(ck_packed_bytes(format.format, 16, 256) == 16 * bytes, "\(entry.key)")
      }
    }
  }

  @Test(
    "a product is quicker than the reference by its threshold or more",
    .enabled(if: isOptimised, "the kernels are compiled without optimisation"),
    .enabled(if: !available.isEmpty, "no instruction set here has thresholds"))
  func speed() throws {
    for threshold in try Self.thresholds() {
      let isa = InstructionSet.available.first { $0.testDescription == threshold.isa }
      guard let isa else { continue }
      var ratio = try Self.ratio(isa, threshold)
      // What runs beside it may slow the kernel alone, never every time.
      for _ in 0..<2 where ratio < threshold.ratio {
        ratio = max(ratio, try Self.ratio(isa, threshold))
      }
      #expect(ratio >= threshold.ratio, "\(threshold.testDescription)")
    }
  }

  /// The median over rounds, each of which times the reference and then the kernel: a busy neighbour slows the longer,
  /// which is the reference.
  static func ratio(_ isa: InstructionSet, _ threshold: Threshold) throws -> Double {
    let format = try Self.format(threshold.format)
    let rows = 32
    let cols = 1024
    let w = Weights(format, rows: rows, cols: cols, seed: 1)
    var random = Random(2)
    let x = ProductTests.Activations(
      random.floats(threshold.tokens * cols), tokens: threshold.tokens, asQ8: format.takesQ8)
    let index = Int(format.format.rawValue)
    let kernel = try #require(table(isa.kernels.multiply)[index])
    let reference = try #require(table(InstructionSet.reference.multiply)[index])
    var y = [Float](repeating: 0, count: rows * threshold.tokens)
    func seconds(_ f: ck_multiply_fn, _ matrix: ck_matrix) -> Double {
      var matrix = matrix
      let clock = ContinuousClock()
      let time = clock.measure {
        f(&matrix, 0, rows, x.bytes, x.stride, nil, threshold.tokens, &y, rows)
      }
      return time / .seconds(1)
    }
    func round(_ packed: ck_matrix) -> Double {
      let truth = seconds(reference, w.matrix)
      return truth / (0..<3).map { _ in seconds(kernel, packed) }.min()!
    }
    let ratios =
      format.block == 1
      ? (0..<5).map { _ in round(w.matrix) }
      : Packed(w).withMatrix { matrix in (0..<5).map { _ in round(matrix.pointee) } }
    return ratios.sorted()[2]
  }
}
