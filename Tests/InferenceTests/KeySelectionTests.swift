// What an indexer keeps, against a full sort.

import Inference
import Testing

@Suite("Key selection")
struct KeySelectionTests {
  private func kept(_ scores: [Float], _ k: Int) -> [Int32] {
    var places = [Int32](repeating: -1, count: k)
    var scratch = scores
    scores.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      keepLargest(base, count: scores.count, k: k, into: &places, scratch: &scratch)
    }
    return places
  }

  private func sorted(_ scores: [Float], _ k: Int) -> [Int32] {
    func rank(_ x: Float) -> Float { x.isNaN ? -.infinity : x }
    let order = scores.indices.sorted {
      (rank(scores[$0]), -$0) > (rank(scores[$1]), -$1)
    }
    return order.prefix(k).sorted().map(Int32.init)
  }

  @Test("the largest are kept as a full sort would, ties by place", arguments: 0..<40)
  func agreesWithSorting(seed: Int) {
    var generator = SplitMix64(seed: UInt64(seed))
    let count = 1 + Int(generator.next() % 300)
    // Few distinct values: most elements tie.
    let levels = 1 + seed % 7 * 20
    let scores = (0..<count).map { _ in Float(generator.next() % UInt64(levels)) - 3 }
    for k in [1, count / 3 + 1, count] where k <= count {
      #expect(kept(scores, k) == sorted(scores, k), "seed \(seed), k \(k)")
    }
  }

  @Test("what is not a number comes last")
  func notANumber() {
    #expect(kept([.nan, 1, -.infinity, 2, .nan], 3) == [0, 1, 3])
    #expect(kept([.nan, 1, -2, 2, .nan], 3) == [1, 2, 3])
  }
}
