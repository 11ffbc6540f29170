// What this machine can do at best: how fast workers read memory and multiply matrices together.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Work whose only limit is the machine, for the caller to time. Holds no clock.
public final class CeilingProbe {
  public enum Work: Sendable, Hashable {
    /// Reads the whole buffer once with the widest loads there are.
    case read
    /// Multiplies `[rows, 1024]` by `[1024, 1024]` in single precision, on every worker.
    case multiply(rows: Int)
    /// The same product of Q8_0 weights and 8-bit activations.
    case multiplyBlocks(rows: Int)
    /// Nothing but multiply-adds of floats, in registers.
    case floatPeak
    /// Nothing but dot products of 8-bit integers, in registers.
    case integerPeak
  }

  private static let width = 1024
  private static let largestBatch = 512
  private let kernels: Kernels
  private let pool: WorkerPool
  private let buffer: Memory
  private let operands: Memory
  private let weights: WeightMatrix
  private let threads: Int
  private var work = Work.read
  private var checksum: Float = 0

  /// - Parameters:
  ///   - bufferBytes: Should exceed the last-level cache several times.
  ///   - usesHugePages: Whether the system may back the buffer with huge pages.
  public init(
    threads: Int, bufferBytes: Int, usesHugePages: Bool = true, instructionSet: String? = nil
  ) throws(EngineError) {
    _ = BLAS.singleThreaded
    self.threads = threads
    kernels = try Kernels(named: instructionSet)
    buffer = try Memory(byteCount: bufferBytes, purpose: "a bandwidth buffer")
    if !usesHugePages { buffer.adviseSmallPages() }
    // Pages that were never written would all be one page of zeros.
    memset(buffer.base, 1, bufferBytes)
    let arena = try Memory(byteCount: 1 << 20, purpose: "activations")
    pool = try WorkerPool(threads: threads, arena: arena, localBytes: 1 << 20)
    try BLAS.checkRoom(threads: threads)
    let square = Self.width * Self.width
    let perWorker = square + 2 * Self.largestBatch * Self.width
    operands = try Memory(byteCount: perWorker * 4 * threads, purpose: "matrices")
    for i in 0..<(perWorker * threads) { operands.floats[i] = Float(i % 7) - 3 }
    let source = PackedWeights(SyntheticWeights(format: .q8_0, seed: 1))
    do {
      weights = try source.matrix(
        Parameter(matrix: "probe", rows: Self.width, columns: Self.width, role: .other))
    } catch let error as EngineError {
      throw error
    } catch {
      throw .usage("\(error)")
    }
    weightSource = source
  }

  private let weightSource: PackedWeights

  public var kernelName: String { kernels.name }

  /// Does the work once on all workers; the caller's clock goes around it.
  public func run(_ work: Work) {
    self.work = work
    pool.run(self)
  }

  /// Bytes read, or operations done (a multiplication and an addition are two), by one run.
  public func amount(of work: Work) -> Double {
    switch work {
    case .read:
      Double(buffer.byteCount)
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
      var sum: Float = 0
      worker.claim(buffer.byteCount / 4, by: 1 << 18) { piece in
        sum += kernels.sumOfSquares(buffer.floats + piece.lowerBound, piece.count)
      }
      // Used, so that no compiler may skip the reading.
      if sum == 1 { checksum = sum }
    case .multiply(let rows):
      let (a, b, c) = operands(of: worker)
      for _ in 0..<Self.repeats(rows) {
        BLAS.multiplyTransposed(
          m: rows, n: Self.width, k: Self.width, a: a, strideA: Self.width, b: b,
          strideB: Self.width, c: c, strideC: Self.width)
      }
    case .multiplyBlocks(let rows):
      multiplyBlocks(rows, worker)
    case .floatPeak:
      _ = kernels.floatPeak(steps: Self.peakSteps)
    case .integerPeak:
      _ = kernels.integerPeak(steps: Self.peakSteps)
    }
  }

  private func operands(of worker: Worker) -> (
    UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>
  ) {
    let square = Self.width * Self.width
    let batch = Self.largestBatch * Self.width
    let base = operands.floats + worker.index * (square + 2 * batch)
    return (base + square, base, base + square + batch)
  }

  private func multiplyBlocks(_ rows: Int, _ worker: Worker) {
    let (a, b, c) = operands(of: worker)
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
        weights, rows: 0..<Self.width, x, tokens: rows, into: c, stride: Self.width)
    }
  }
}
