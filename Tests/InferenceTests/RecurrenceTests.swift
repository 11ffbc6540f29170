// Recurrent blocks against their definitions in double precision, whatever the batches and the workers.

import Foundation
import Inference
import Testing

@Suite struct RecurrenceTests {
  @Test(
    "a state matrix fades, takes in and is read as defined",
    arguments: [MatrixRecurrence.Update.add, .correct], [false, true])
  func matrix(_ update: MatrixRecurrence.Update, _ fadesByChannel: Bool) throws {
    // Key dimensions that cut a head's values into several pieces, and no multiple of a vector.
    let (heads, keyHeads, keys, values) = (6, 2, 131, 37)
    let recurrence = MatrixRecurrence(
      heads: heads, keyHeads: keyHeads, keyDimension: keys, valueDimension: values, update: update)
    for threads in [1, 3] {
      let bench = try BlockBench(
        threads: threads, states: [recurrence.stateFloats], seed: UInt64(threads))
      var naive = [0, 1].map { _ in [Double](repeating: 0, count: recurrence.stateFloats) }
      for batch in [[(0, 3), (1, 1)], [(1, 4)], [(1, 1), (0, 1)], [(0, 5), (1, 2)]] {
        let n = batch.reduce(0) { $0 + $1.1 }
        let inputs = MatrixRecurrence.Inputs(
          queries: bench.random(n, keyHeads * keys, -1, 1),
          keys: bench.random(n, keyHeads * keys, -0.1, 0.1),
          values: bench.random(n, heads * values, -1, 1),
          decays: bench.random(n, fadesByChannel ? heads * keys : heads, 0.5, 1),
          strengths: bench.random(n, heads, 0, 1))
        let out = bench.zeros(n, heads * values)
        try bench.run(batch) { pass, worker in
          recurrence.forward(inputs, into: out, state: 0, of: 0, pass, worker)
        }
        var row = 0
        for (sequence, count) in batch {
          for _ in 0..<count {
            let expected = Self.step(
              &naive[sequence], inputs, row, (heads, keyHeads, keys, values), update)
            for (i, value) in expected.enumerated() {
              #expect(abs(Double(out[row][i]) - value) < 2e-5)
            }
            row += 1
          }
        }
      }
    }
  }

  /// One token of all heads by the definition.
  private static func step(
    _ state: inout [Double], _ x: MatrixRecurrence.Inputs, _ row: Int,
    _ size: (heads: Int, keyHeads: Int, keys: Int, values: Int), _ update: MatrixRecurrence.Update
  ) -> [Double] {
    var out: [Double] = []
    for head in 0..<size.heads {
      let keyHead = head * size.keyHeads / size.heads
      let k = (0..<size.keys).map { Double(x.keys[row][keyHead * size.keys + $0]) }
      let q = (0..<size.keys).map { Double(x.queries[row][keyHead * size.keys + $0]) }
      let decay = (0..<size.keys).map {
        Double(x.decays[row][x.decays.columns == size.heads ? head : head * size.keys + $0])
      }
      for line in 0..<size.values {
        let first = (head * size.values + line) * size.keys
        for i in 0..<size.keys { state[first + i] *= decay[i] }
        let old = (0..<size.keys).reduce(0) { $0 + state[first + $1] * k[$1] }
        let value = Double(x.values[row][head * size.values + line])
        let change =
          Double(x.strengths[row][head])
          * {
            switch update {
            case .add: value
            case .correct: value - old
            }
          }()
        for i in 0..<size.keys { state[first + i] += change * k[i] }
        out.append((0..<size.keys).reduce(0) { $0 + state[first + $1] * q[$1] })
      }
    }
    return out
  }

  @Test("a causal convolution sees the inputs before it, over batches too", arguments: [1, 2, 4])
  func convolution(_ taps: Int) throws {
    let channels = 300
    let d = CausalConvolutionDescription(
      "conv", channels: channels, taps: taps, bias: true, isActivated: true)
    let weights = SyntheticWeights(format: .f32, seed: 3)
    let convolution = try CausalConvolution(d, weights)
    let filter = try weights.vector(d.weight)
    let bias = try weights.vector(try #require(d.bias))
    for threads in [1, 3] {
      let bench = try BlockBench(threads: threads, states: [d.stateFloats], seed: 5)
      var history: [[[Float]]] = [[], []]
      for batch in [[(0, 1), (1, 2)], [(0, 1)], [(0, 1), (1, 9)], [(1, 1), (0, 7)]] {
        let n = batch.reduce(0) { $0 + $1.1 }
        let x = bench.random(n, channels, -1, 1)
        let out = bench.zeros(n, channels)
        try bench.run(batch) { pass, worker in
          convolution.forward(x, into: out, state: 0, of: 0, pass, worker)
        }
        var row = 0
        for (sequence, count) in batch {
          for _ in 0..<count {
            history[sequence].append((0..<channels).map { x[row][$0] })
            let seen = history[sequence].suffix(taps)
            for c in 0..<channels {
              var sum = Double(bias[c])
              for (age, input) in seen.reversed().enumerated() {
                sum += Double(filter[c * taps + taps - 1 - age]) * Double(input[c])
              }
              #expect(abs(Double(out[row][c]) - sum / (1 + exp(-sum))) < 1e-5)
            }
            row += 1
          }
        }
      }
    }
  }
}

/// Runs one block on batches of two sequences.
private final class BlockBench {
  private let pool: WorkerPool
  private let pass: ForwardPass
  private var generator: SplitMix64
  private var memories: [Memory] = []

  init(threads: Int, states: [Int], seed: UInt64) throws {
    let cache = try Cache(shapes: [CacheShape(states: states)], sequences: 2, capacity: 64)
    pass = try ForwardPass(
      capacity: 64, kernels: Kernels(), exact: true, cache: cache, selectionLimit: 0)
    pool = try WorkerPool(
      threads: threads, arena: Memory(byteCount: 1 << 24, purpose: "a test"), localBytes: 1 << 24)
    generator = SplitMix64(seed: seed)
  }

  func zeros(_ rows: Int, _ columns: Int) -> Matrix {
    let memory: Memory
    do {
      memory = try Memory(byteCount: rows * columns * 4, purpose: "a test")
    } catch {
      preconditionFailure("\(error)")
    }
    memories.append(memory)
    return Matrix(memory.floats, rows: rows, columns: columns)
  }

  func random(_ rows: Int, _ columns: Int, _ low: Double, _ high: Double) -> Matrix {
    let matrix = zeros(rows, columns)
    for i in 0..<(rows * columns) {
      matrix.base[i] = Float(low + (high - low) * generator.unit())
    }
    return matrix
  }

  /// - Parameter batch: Sequences and their numbers of rows.
  func run(_ batch: [(Int, Int)], _ body: @escaping (ForwardPass, Worker) -> Void) throws {
    pass.begin()
    for (sequence, count) in batch {
      try pass.append([Int](repeating: 0, count: count), to: sequence, scoring: .none)
    }
    pool.run(Program { [pass] worker in body(pass, worker) })
  }

  private final class Program: ParallelProgram {
    private let body: (Worker) -> Void

    init(_ body: @escaping (Worker) -> Void) { self.body = body }

    func run(_ worker: Worker) {
      body(worker)
      worker.barrier()
    }
  }
}
