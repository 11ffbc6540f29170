// Times nothing itself: products of one weight format as layers do them, for the caller's clock.

/// Multiplies weights of one format with a number of rows, on all workers.
///
/// Where weights are streamed, every matrix is read from memory as decode and prefill read theirs; where they are
/// resident, each worker works on one small matrix again and again.
public final class ProductProbe {
  private static let columns = 2048
  private static let rows = 1024
  /// Rows of the matrix that stays in a core's cache: half a megabyte in 8-bit blocks.
  private static let residentRows = 256

  public let format: WeightFormat
  public let largestBatch: Int
  private let pool: WorkerPool
  private let pass: ForwardPass
  private let source: PackedWeights
  private let matrices: [WeightMatrix]
  private let inputs: Memory
  private let outputs: Memory
  private let threads: Int
  private var batch = 1
  private var isResident = false

  /// - Parameters:
  ///   - bytes: Of the weights that are streamed: many times the last cache.
  ///   - largestBatch: Rows that ``run(rows:resident:)`` may be asked for.
  /// - Throws: ``EngineError`` for a format that synthetic weights cannot be made in, or without memory.
  public init(
    threads: Int, format: WeightFormat, bytes: Int, largestBatch: Int,
    instructionSet: String? = nil
  ) throws {
    _ = BLAS.singleThreaded
    self.threads = threads
    self.format = format
    self.largestBatch = largestBatch
    let kernels = try Kernels(named: instructionSet)
    let source = PackedWeights(SyntheticWeights(format: format, seed: 1))
    let each = Self.rows * (format.rowBytes(Self.columns) ?? Self.columns * 4)
    matrices = try (0..<max(2, bytes / each)).map {
      try source.matrix(
        Parameter(
          matrix: "probe.\($0)", rows: Self.rows, columns: Self.columns, role: .routedExpert))
    }
    self.source = source
    pass = try ForwardPass(
      capacity: largestBatch, kernels: kernels, exact: false,
      cache: Cache(shapes: [], sequences: 1, capacity: 1), selectionLimit: 0)
    let stride = Kernels.quantizedBytes(Self.columns)
    let perRow = Self.columns * 4 + stride
    inputs = try Memory(byteCount: largestBatch * perRow, purpose: "rows of a probe")
    outputs = try Memory(
      byteCount: threads * largestBatch * Self.rows * 4, purpose: "results of a probe")
    let arena = try Memory(byteCount: 1 << 20, purpose: "activations")
    pool = try WorkerPool(threads: threads, arena: arena, localBytes: 1 << 28)
    var generator = SplitMix64(seed: 1)
    for i in 0..<(largestBatch * Self.columns) { inputs.floats[i] = generator.normal() }
    let x = activations(largestBatch)
    for row in 0..<largestBatch { pass.seal(x, row: row) }
  }

  private func activations(_ rows: Int) -> Activations {
    Activations(
      values: Matrix(inputs.floats, rows: rows, columns: Self.columns),
      blocks: UnsafeMutableRawPointer(inputs.floats + largestBatch * Self.columns),
      blockStride: Kernels.quantizedBytes(Self.columns))
  }

  /// Does the work once; the caller's clock goes around it.
  public func run(rows: Int, resident: Bool) {
    precondition((1...largestBatch).contains(rows), "\(rows) rows of \(largestBatch)")
    batch = rows
    isResident = resident
    pool.run(self)
  }

  /// Weights that one run multiplies with each row, all workers together.
  public func weights(rows: Int, resident: Bool) -> Int {
    resident
      ? threads * Self.residentRows * Self.columns * Self.repeats(rows)
      : streamedMatrices(rows) * Self.rows * Self.columns
  }

  /// Many rows take long: then a part of the weights is enough, still larger than the caches of the cores.
  private func streamedMatrices(_ rows: Int) -> Int {
    rows < 16 ? matrices.count : min(matrices.count, max(4, 256 / rows))
  }

  /// Small products are repeated so that a run is long enough to time.
  private static func repeats(_ rows: Int) -> Int { max(1, 64 / rows) }
}

extension ProductProbe: ParallelProgram {
  public func run(_ worker: Worker) {
    let x = activations(batch)
    let out = outputs.floats + worker.index * largestBatch * Self.rows
    if isResident {
      for _ in 0..<Self.repeats(batch) {
        pass.multiply(
          matrices[worker.index % matrices.count], rows: 0..<Self.residentRows, x, tokens: batch,
          into: out, stride: Self.rows, worker)
      }
      return
    }
    let chunk = Self.rows / 4
    worker.claim(streamedMatrices(batch) * 4, by: 1) { range in
      for task in range {
        let first = task % 4 * chunk
        pass.multiply(
          matrices[task / 4], rows: first..<(first + chunk), x, tokens: batch, into: out,
          stride: Self.rows, worker)
      }
    }
  }
}
