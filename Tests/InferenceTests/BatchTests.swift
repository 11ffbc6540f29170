// Sequences do not see each other, and workers do not change a number.

import Inference
import Testing

@Suite struct BatchTests {
  /// Prefill and decode rows of three sequences in one batch, in several steps.
  @Test("sequences in one batch score as they do alone", arguments: Fixture.names)
  func mixedBatches(_ name: String) throws {
    let fixture = try Fixture(name)
    let texts = [fixture.a, fixture.b, Array(fixture.a.reversed())]
    let alone = try texts.map { text in
      try fixture.decoder().scores([(0, text[...])])
    }
    // Tokens of each sequence a step feeds: all lengths from one row to many, in changing order.
    let steps: [[(sequence: Int, count: Int)]] = [
      [(0, 9)], [(1, 2), (0, 1)], [(0, 1), (2, 10), (1, 1)], [(2, 1), (1, 1), (0, 1)],
      [(1, 1), (0, 4), (2, 5)],
    ]
    let decoder = try fixture.decoder(sequences: 3)
    var done = [0, 0, 0]
    for step in steps {
      var inputs: [(sequence: Int, tokens: ArraySlice<Int>)] = []
      var expected: [[Float]] = []
      for (sequence, count) in step {
        let range = done[sequence]..<(done[sequence] + count)
        inputs.append((sequence, texts[sequence][range]))
        expected += alone[sequence][range]
        done[sequence] = range.upperBound
      }
      // Sums are taken in another order where rows are few: 1e-5 typically, more behind a recurrence.
      #expect(difference(try decoder.scores(inputs), expected) < 1e-3, "step \(step)")
    }
    #expect(done == texts.map(\.count))
  }

  @Test("1 to 4 threads give the same bits", arguments: Fixture.names)
  func threads(_ name: String) throws {
    let fixture = try Fixture(name)
    func run(_ threads: Int) throws -> [[Float]] {
      let decoder = try fixture.decoder(threads: threads, sequences: 2)
      return try decoder.scores([(0, fixture.a[..<14]), (1, fixture.b[..<4])])
        + decoder.scores([(0, fixture.a[14..<15]), (1, fixture.b[4...])])
    }
    let one = try run(1)
    for threads in 2...4 { #expect(try run(threads) == one, "\(threads) threads") }
  }

  @Test(
    "generated weights give finite scores, the same on 1 and 3 threads", arguments: Fixture.names)
  func synthetic(_ name: String) throws {
    let fixture = try Fixture(name)
    let one = try fixture.syntheticDecoder().scores([(0, fixture.a[...]), (1, fixture.b[...])])
    #expect(one.allSatisfy { $0.allSatisfy { abs($0) < 1e4 } })
    let three = try fixture.syntheticDecoder(threads: 3).scores([
      (0, fixture.a[...]), (1, fixture.b[...]),
    ])
    #expect(one == three)
  }

  @Test(
    "a sequence that is reset scores as a new one, and the others go on", arguments: Fixture.names)
  func reset(_ name: String) throws {
    let fixture = try Fixture(name)
    let decoder = try fixture.decoder(sequences: 2)
    let first = try decoder.scores([(0, fixture.a[..<8])])
    _ = try decoder.scores([(1, fixture.b[..<3])])
    decoder.cache.reset(0)
    #expect(decoder.cache.length(of: 0) == 0 && decoder.cache.length(of: 1) == 3)
    #expect(try decoder.scores([(0, fixture.a[..<8])]) == first)
    let rest = try decoder.scores([(1, fixture.b[3...])])
    let whole = try fixture.decoder().scores([(0, fixture.b[...])])
    #expect(difference(rest, Array(whole[3...])) < 1e-3)
  }
}
