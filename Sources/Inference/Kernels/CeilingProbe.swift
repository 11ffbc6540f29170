// What this machine can do at best: how fast workers read memory and multiply matrices together.

/// Work whose only limit is the machine, for the caller to time. Holds no clock.
public final class CeilingProbe {
  public enum Work: Sendable, Hashable {
    /// Reads the whole memory once with the widest loads there are.
    case read
    /// Multiplies `[rows, 1024]` by `[1024, 1024]` in single precision, on every worker.
    case multiply(rows: Int)
    /// The same product of Q8_0 weights and 8-bit activations.
    case multiplyBlocks(rows: Int)
    /// Nothing but multiply-adds of floats, in registers.
    case floatPeak
    /// Nothing but dot products of 8-bit integers, in registers.
    case integerPeak

    var isProduct: Bool {
      switch self {
      case .multiply, .multiplyBlocks: true
      case .read, .floatPeak, .integerPeak: false
      }
    }
  }

  private static let width = 1024
  private static let largestBatch = 512
  private let kernels: Kernels
  private let pool: WorkerPool
  private let ground: Ground
  private let products: Products?
  private let threads: Int
  private var work = Work.read
  private var checksum: UInt32 = 0

  /// - Parameters:
  ///   - ground: What is read; it should exceed the last-level cache several times.
  ///   - multiplies: Whether matrices will be multiplied: what that takes is made only then.
  public init(
    threads: Int, reading ground: Ground, multiplies: Bool = false, instructionSet: String? = nil
  ) throws(EngineError) {
    self.threads = threads
    self.ground = ground
    kernels = try Kernels(named: instructionSet)
    let arena = try Memory(byteCount: 1 << 20, purpose: "activations")
    pool = try WorkerPool(threads: threads, arena: arena, localBytes: 1 << 20)
    products = multiplies ? try Products(threads: threads) : nil
  }

  /// Does the work once on all workers; the caller's clock goes around it.
  public func run(_ work: Work) {
    precondition(products != nil || !work.isProduct, "a probe made to multiply nothing")
    self.work = work
    // What is not shared out is done by every worker.
    pool.run(self, demand: work == .read ? .bandwidth : nil)
  }

  /// Bytes read, or operations done (a multiplication and an addition are two), by one run.
  public func amount(of work: Work) -> Double {
    switch work {
    case .read:
      Double(ground.byteCount)
    case .multiply(let rows), .multiplyBlocks(let rows):
      2 * Double(rows) * Double(Self.width) * Double(Self.width) * Double(threads)
        * Double(Self.repeats(rows))
    case .floatPeak:
      kernels.floatPeak(steps: 1) * Double(Self.peakSteps) * Double(threads)
    case .integerPeak:
      kernels.integerPeak(steps: 1) * Double(Self.peakSteps) * Double(threads)
    }
  }

  /// A fraction of a millisecond with vectors, some with plain C.
  private static let peakSteps = 1 << 17

  /// Small products are repeated so that a run is long enough to time.
  private static func repeats(_ rows: Int) -> Int { max(1, 512 / max(rows, 1)) }
}

extension CeilingProbe: ParallelProgram {
  public func run(_ worker: Worker) {
    switch work {
    case .read:
      // In pieces, as weights are read: far-apart halves fell on the same memory channels.
      var sum: UInt32 = 0
      worker.claim(ground.pieces.count, by: 1) { range in
        for piece in range { sum ^= kernels.readWords(ground.pieces[piece]) }
      }
      // Used, so that no compiler may skip the reading.
      if sum == 1 { checksum = sum }
    case .multiply(let rows):
      guard let (a, b, c) = products?.operands(of: worker) else { return }
      for _ in 0..<Self.repeats(rows) {
        BLAS.multiplyTransposed(
          m: rows, n: Self.width, k: Self.width, a: a, strideA: Self.width, b: b,
          strideB: Self.width, c: c, strideC: Self.width)
      }
    case .multiplyBlocks(let rows):
      if let products { multiplyBlocks(rows, products, worker) }
    case .floatPeak:
      _ = kernels.floatPeak(steps: Self.peakSteps)
    case .integerPeak:
      _ = kernels.integerPeak(steps: Self.peakSteps)
    }
  }

  private func multiplyBlocks(_ rows: Int, _ products: Products, _ worker: Worker) {
    let (a, b, c) = products.operands(of: worker)
    let stride = Kernels.quantizedBytes(Self.width)
    // The square operand is not read here: its place holds the quantised rows.
    let blocks = UnsafeMutableRawPointer(b)
    for row in 0..<rows {
      kernels.quantize(a + row * Self.width, Self.width, into: blocks + row * stride)
    }
    let x = Activations(
      values: Matrix(a, rows: rows, columns: Self.width), blocks: blocks, blockStride: stride)
    for _ in 0..<Self.repeats(rows) {
      kernels.multiply(
        products.weights, rows: 0..<Self.width, x, tokens: rows, into: c, stride: Self.width)
    }
  }

  /// Each worker's operands, and weights for all.
  private struct Products {
    let weights: WeightMatrix
    private let source: PackedWeights
    private let operands: Memory

    init(threads: Int) throws(EngineError) {
      _ = BLAS.singleThreaded
      try BLAS.checkRoom(threads: threads)
      let floats = Self.floatsOfWorker * threads
      operands = try Memory(byteCount: floats * 4, purpose: "matrices")
      for i in 0..<floats { operands.floats[i] = Float(i % 7) - 3 }
      source = PackedWeights(SyntheticWeights(format: .q8_0, seed: 1))
      do {
        weights = try source.matrix(
          Parameter(
            matrix: "probe", rows: CeilingProbe.width, columns: CeilingProbe.width, role: .other))
      } catch let error as EngineError {
        throw error
      } catch {
        throw .usage("\(error)")
      }
    }

    private static let square = CeilingProbe.width * CeilingProbe.width
    private static let batch = CeilingProbe.largestBatch * CeilingProbe.width
    private static let floatsOfWorker = square + 2 * batch

    func operands(of worker: Worker) -> (
      UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>
    ) {
      let base = operands.floats + worker.index * Self.floatsOfWorker
      return (base + Self.square, base, base + Self.square + Self.batch)
    }
  }
}
