// Attention against its definition in double precision: over many tiles, and where a table begins again.

import Foundation
import Inference
import Testing

@Suite struct AttentionTests {
  static let visibilities: [Visibility] = [.causal, .window(40), .chunk(300)]

  @Test(
    "a head mixes the values it sees by the softmax of its scores", arguments: visibilities,
    CacheFormat.allCases)
  func definition(_ visibility: Visibility, _ format: CacheFormat) throws {
    let bench = try AttentionBench(visibility, format)
    let found = try bench.run([300, 1, 212, 1, 700, 300, 5], threads: 2)
    for position in [0, 1, 255, 256, 300, 513, 1213, 1279, 1280, 1281, bench.positions - 1] {
      let expected = bench.naive(position)
      for (i, value) in expected.enumerated() {
        #expect(abs(Double(found[position][i]) - value) < 1e-5, "position \(position), \(i)")
      }
    }
  }

  @Test(
    "a row has the same bits whatever rows and workers it is computed with",
    arguments: visibilities, CacheFormat.allCases)
  func cuts(_ visibility: Visibility, _ format: CacheFormat) throws {
    let bench = try AttentionBench(visibility, format)
    let one = try bench.run([755, 64, 700], threads: 1)
    let cuts = [
      (2, [300, 1, 212, 1, 700, 300, 5]), (3, [700, 700, 100] + Array(repeating: 1, count: 19)),
    ]
    for (threads, counts) in cuts {
      #expect(try bench.run(counts, threads: threads) == one, "\(threads) threads, \(counts)")
    }
  }
}

/// Two groups of three heads over random queries, keys and values.
private final class AttentionBench {
  let positions = 1519
  private let heads = 6
  private let keyHeads = 2
  private let keyDimension = 20
  private let valueDimension = 36
  private let visibility: Visibility
  private let format: CacheFormat
  private var queries: [Float] = []
  private var keys: [Float] = []
  private var values: [Float] = []
  private let sinks: [Float] = [1, -1, 0, 3, 0.5, -2]

  init(_ visibility: Visibility, _ format: CacheFormat) throws {
    self.visibility = visibility
    self.format = format
    var generator = SplitMix64(seed: 3)
    func random(_ count: Int) -> [Float] {
      (0..<count).map { _ in Float(4 * generator.unit() - 2) }
    }
    queries = random(positions * heads * keyDimension)
    keys = random(positions * keyHeads * keyDimension)
    values = random(positions * keyHeads * valueDimension)
  }

  /// The outputs of all positions, fed in batches of these sizes.
  func run(_ counts: [Int], threads: Int) throws -> [[Float]] {
    // A table of limited sight gets 1280 rows: fewer than there are positions.
    let cache = try Cache(
      shapes: [
        CacheShape(
          tables: [keyDimension, valueDimension].map {
            CacheTable(heads: keyHeads, width: $0, visibility: visibility)
          })
      ], sequences: 1, capacity: 2000, batch: 760, format: format)
    let pass = try ForwardPass(
      capacity: 760, kernels: Kernels(), exact: true, cache: cache, selectionLimit: 0)
    let pool = try WorkerPool(
      threads: threads, arena: Memory(byteCount: 1 << 24, purpose: "a test"), localBytes: 1 << 24)
    let memory = try Memory(byteCount: queries.count * 4, purpose: "a test")
    memory.floats.update(from: queries, count: queries.count)
    let out = try Memory(byteCount: positions * heads * valueDimension * 4, purpose: "a test")
    var first = 0
    for count in counts {
      pass.begin()
      try pass.append([Int](repeating: 0, count: count), to: 0, scoring: .none)
      let program = Program { [self] worker in
        let range = first..<(first + count)
        step(range, memory.floats, out.floats, cache, pass, worker)
      }
      pool.run(program)
      first += count
    }
    #expect(first == positions)
    let width = heads * valueDimension
    return (0..<positions).map {
      Array(UnsafeBufferPointer(start: out.floats + $0 * width, count: width))
    }
  }

  private func step(
    _ range: Range<Int>, _ queries: UnsafeMutablePointer<Float>, _ out: UnsafeMutablePointer<Float>,
    _ cache: Cache, _ pass: ForwardPass, _ worker: Worker
  ) {
    for row in worker.share(of: range.count) {
      for head in 0..<keyHeads {
        for (index, (numbers, width)) in [(keys, keyDimension), (values, valueDimension)]
          .enumerated()
        {
          let start = ((range.lowerBound + row) * keyHeads + head) * width
          let rows = cache.rows(index, head: head, of: 0, sequence: 0)
          numbers.withUnsafeBufferPointer {
            guard let base = $0.baseAddress else { return }
            rows.store(base + start, at: range.lowerBound + row, pass.kernels)
          }
        }
      }
    }
    worker.barrier()
    sinks.withUnsafeBufferPointer {
      guard let base = $0.baseAddress else { return }
      let core = AttentionCore(
        heads: heads, keyHeads: keyHeads, keyDimension: keyDimension,
        valueDimension: valueDimension, scale: 0.3, visibility: visibility,
        sinks: Vector(base, count: heads), slot: 0, keyTable: 0, valueTable: 1)
      func view(_ base: UnsafeMutablePointer<Float>, _ columns: Int) -> Matrix {
        Matrix(base + range.lowerBound * columns, rows: range.count, columns: columns)
      }
      core.attend(
        view(queries, heads * keyDimension),
        into: Activations(
          values: view(out, heads * valueDimension), blocks: nil, blockStride: 0), pass, worker)
    }
  }

  /// The outputs of one position by the definition.
  func naive(_ position: Int) -> [Double] {
    let first =
      switch visibility {
      case .causal: 0
      case .window(let size): max(0, position - size + 1)
      case .chunk(let size): position / size * size
      }
    func stored(_ x: Float) -> Double { format == .f32 ? Double(x) : Double(Float16(x)) }
    var result: [Double] = []
    for head in 0..<heads {
      let keyHead = head * keyHeads / heads
      var weights = (first...position).map { key in
        (0..<keyDimension).reduce(0.0) {
          $0 + Double(queries[(position * heads + head) * keyDimension + $1])
            * stored(keys[(key * keyHeads + keyHead) * keyDimension + $1])
        } * 0.3
      }
      let largest = weights.max() ?? 0
      weights = weights.map { exp($0 - largest) }
      let sum = weights.reduce(exp(Double(sinks[head]) - largest), +)
      for i in 0..<valueDimension {
        result.append(
          weights.indices.reduce(0.0) {
            $0 + weights[$1] / sum
              * stored(values[((first + $1) * keyHeads + keyHead) * valueDimension + i])
          })
      }
    }
    return result
  }

  private final class Program: ParallelProgram {
    private let body: (Worker) -> Void

    init(_ body: @escaping (Worker) -> Void) { self.body = body }

    func run(_ worker: Worker) { body(worker) }
  }
}
