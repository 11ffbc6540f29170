// What a cache counts and keeps, against numbers worked out by hand.

import Inference
import Testing

@Suite struct CacheTests {
  private static let all = CacheTable(heads: 2, width: 4)

  struct Read: Sendable {
    let table: CacheTable
    let states: [Int]
    let positions: Range<Int>
    let bytes: Int

    init(_ table: CacheTable, states: [Int] = [], _ positions: Range<Int>, _ bytes: Int) {
      self.table = table
      self.states = states
      self.positions = positions
      self.bytes = bytes
    }
  }

  /// Rows of 2 heads x 4 floats take 32 bytes.
  @Test(
    "a pass reads the rows its positions see, each once",
    arguments: [
      Read(all, 9..<10, 10 * 32), Read(all, 4..<10, 10 * 32), Read(all, 0..<0, 0),
      Read(CacheTable(heads: 2, width: 4, visibility: .window(3)), 9..<10, 3 * 32),
      Read(CacheTable(heads: 2, width: 4, visibility: .window(3)), 4..<10, 8 * 32),
      Read(CacheTable(heads: 2, width: 4, visibility: .window(3)), 1..<2, 2 * 32),
      Read(CacheTable(heads: 2, width: 4, visibility: .chunk(4)), 9..<10, 2 * 32),
      Read(CacheTable(heads: 2, width: 4, visibility: .chunk(4)), 6..<10, 6 * 32),
      Read(CacheTable(heads: 2, width: 4, limit: 5), 9..<10, 5 * 32),
      Read(CacheTable(heads: 2, width: 4, limit: 5), 8..<10, 10 * 32),
      Read(CacheTable(heads: 2, width: 4, period: 4), 9..<10, 2 * 32),
      Read(all, states: [3, 5], 9..<10, 10 * 32 + 8 * 4),
    ])
  func bytes(_ read: Read) throws {
    let shape = CacheShape(tables: [read.table], states: read.states)
    let floats = try Cache(shapes: [shape, shape], sequences: 1, capacity: 64)
    #expect(floats.bytesRead(at: read.positions) == 2 * read.bytes)
    #expect(floats.bytesRead(at: read.positions, mixers: 1..<2) == read.bytes)
    let halves = try Cache(shapes: [shape], sequences: 1, capacity: 64, format: .f16)
    let states = read.positions.isEmpty ? 0 : 4 * shape.stateFloats
    #expect(halves.bytesRead(at: read.positions) == (read.bytes - states) / 2 + states)
  }

  @Test("keys that only choose stay floats")
  func floats() throws {
    let shape = CacheShape(tables: [CacheTable(width: 8, mayBeHalf: false)])
    let cache = try Cache(shapes: [shape], sequences: 1, capacity: 64, format: .f16)
    #expect(cache.bytesRead(at: 0..<1) == 32)
  }

  @Test("a table of limited sight keeps its window, 1024 positions or a batch, and whole tiles")
  func ring() throws {
    func bytes(_ visibility: Visibility, capacity: Int, batch: Int) throws -> Int {
      let table = CacheTable(heads: 2, width: 16, visibility: visibility)
      return try Cache(
        shapes: [CacheShape(tables: [table])], sequences: 3, capacity: capacity, batch: batch
      ).byteCount
    }
    let row = 2 * 16 * 4 * 3
    #expect(try bytes(.causal, capacity: 5000, batch: 64) == 5000 * row)
    #expect(try bytes(.window(100), capacity: 5000, batch: 64) == 1280 * row)
    #expect(try bytes(.window(100), capacity: 5000, batch: 2000) == 2304 * row)
    #expect(try bytes(.chunk(300), capacity: 5000, batch: 64) == 1536 * row)
    #expect(try bytes(.window(100), capacity: 700, batch: 64) == 700 * row)
  }

  @Test("a sequence is cut back as far as its windows still hold what the next position sees")
  func truncation() throws {
    let fixture = try Fixture("gpt_oss")
    let decoder = try Decoder(
      fixture.description, weights: CheckpointWeights(fixture.checkpoint),
      options: DecoderOptions(positions: 4000, batch: 512, exact: true))
    func feed(_ count: Int) throws {
      let tokens = (0..<count).map { $0 * 7 % 100 }
      for start in stride(from: 0, to: count, by: 512) {
        try decoder.forward([(0, tokens[start..<min(count, start + 512)])], scoring: .none)
      }
    }
    try feed(1500)
    let next = try decoder.scores([(0, [5])])
    #expect(decoder.cache.truncate(0, to: 1500))
    #expect(try decoder.scores([(0, [5])]) == next)
    try feed(1400)
    // 1280 rows hold positions 1621 and later; position 1600 would see some before.
    #expect(decoder.cache.length(of: 0) == 2901)
    #expect(!decoder.cache.truncate(0, to: 1600) && decoder.cache.length(of: 0) == 2901)
    #expect(decoder.cache.truncate(0, to: 1700))
    decoder.cache.reset(0)
    try feed(1500)
    #expect(try decoder.scores([(0, [5])]) == next)
  }

  @Test("a pass reads the rows of its tokens, and the head only where it scores")
  func weights() throws {
    // Of 100 tokens and 32 floats each, untied.
    let fixture = try Fixture("qwen3_moe")
    let decoder = try fixture.decoder()
    let table = 100 * 32 * 4
    let layers = decoder.weightBytes.shared - 2 * table
    #expect(decoder.sharedWeightBytes(tokens: 3, scores: 0) == layers + 3 * 128)
    #expect(decoder.sharedWeightBytes(tokens: 3, scores: 1) == layers + 3 * 128 + table)
    #expect(decoder.sharedWeightBytes(tokens: 500, scores: 0) == layers + table)
    let tied = try Fixture("qwen3_moe_yarn_tied")
    let one = try tied.decoder()
    let head = one.weightBytes.byRole[.embedding] ?? 0
    let rest = one.weightBytes.shared - head
    let row = head / one.description.vocabulary
    #expect(one.sharedWeightBytes(tokens: 3, scores: 0) == rest + 3 * row)
    #expect(one.sharedWeightBytes(tokens: 3, scores: 3) == rest + head)
  }
}
