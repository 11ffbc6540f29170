// Manifold-constrained hyper-connections (Xie et al. 2026): several residual streams, mixed anew around each block.

/// How one block is connected to the streams.
public struct HyperConnectionDescription: Sendable, Hashable {
  public var streams: Int
  /// From all streams to the coefficients: `[(2 + streams) * streams, streams * hidden]`, or at the model's end
  /// `[streams, streams * hidden]`.
  public var function: LinearDescription
  /// `[coefficients]`
  public var base: Parameter
  /// One factor for each kind of coefficient: reading, writing, mixing; at the model's end reading alone.
  public var scale: Parameter
  /// Of the weightless norm over all streams.
  public var normEpsilon: Float
  /// Added wherever a coefficient must not vanish.
  public var epsilon: Float
  /// Normalisations of the mixing matrix (Sinkhorn and Knopp 1967).
  public var iterations: Int

  /// - Parameters:
  ///   - prefix: The tensors are `prefix_fn`, `prefix_base` and `prefix_scale`.
  ///   - mixes: Whether the block writes back to the streams; false at the model's end.
  public init(
    _ prefix: String, streams: Int, hidden: Int, mixes: Bool, normEpsilon: Float, epsilon: Float,
    iterations: Int
  ) {
    let coefficients = mixes ? (2 + streams) * streams : streams
    self.streams = streams
    var weight = Parameter(
      matrix: prefix + "_fn", rows: coefficients, columns: streams * hidden, role: .other)
    weight.isQuantizable = false
    function = LinearDescription(weight: weight)
    base = Parameter(vector: prefix + "_base", count: coefficients, role: .other)
    scale = Parameter(
      vector: prefix + "_scale", count: mixes ? 3 : 1, role: .other, distribution: .constant(1))
    self.normEpsilon = normEpsilon
    self.epsilon = epsilon
    self.iterations = iterations
  }
}

struct HyperConnection: Sendable {
  private let description: HyperConnectionDescription
  private let function: Linear
  private let base: Vector
  private let scale: Vector

  init(_ d: HyperConnectionDescription, _ source: any WeightSource) throws {
    description = d
    function = try source.linear(d.function)
    base = try source.vector(d.base)
    scale = try source.vector(d.scale)
  }

  var coefficients: Int { function.outputs }
  private var streams: Int { description.streams }

  /// The coefficients of every row, before their activations. Ends without a barrier.
  func project(_ x: Matrix, into out: Matrix, _ pass: ForwardPass, _ worker: Worker) {
    pass.project(
      function, Activations(values: x, blocks: nil, blockStride: 0), into: out, worker)
  }

  /// One row's coefficients, on the calling worker alone.
  func project(
    _ x: Matrix, row: Int, into out: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    kernels.multiply(
      function.weight, rows: 0..<function.outputs,
      Activations(values: x.rows(row..<(row + 1)), blocks: nil, blockStride: 0), tokens: 1,
      into: out, stride: function.outputs)
  }

  /// Activates one row's coefficients in place and reads the block's input from its streams.
  func read(
    _ row: UnsafePointer<Float>, _ coefficients: UnsafeMutablePointer<Float>,
    into out: UnsafeMutablePointer<Float>, hidden: Int, _ kernels: Kernels
  ) {
    // The norm over the streams is one number: it commutes with the projection.
    let squares = kernels.sumOfSquares(row, streams * hidden)
    let norm = 1 / (squares / Float(streams * hidden) + description.normEpsilon).squareRoot()
    kernels.scale(coefficients, by: norm, self.coefficients)
    for j in 0..<streams {
      coefficients[j] = logistic(coefficients[j] * scale[0] + base[j]) + description.epsilon
    }
    if self.coefficients > streams { activateWriting(coefficients) }
    out.update(repeating: 0, count: hidden)
    for j in 0..<streams { kernels.addScaled(coefficients[j], row + j * hidden, to: out, hidden) }
  }

  private func activateWriting(_ coefficients: UnsafeMutablePointer<Float>) {
    for k in streams..<(2 * streams) {
      coefficients[k] = 2 * logistic(coefficients[k] * scale[1] + base[k])
    }
    let mixing = coefficients + 2 * streams
    for j in 0..<streams {
      let line = mixing + j * streams
      var largest = -Float.infinity
      for k in 0..<streams {
        line[k] = line[k] * scale[2] + base[(2 + j) * streams + k]
        largest = max(largest, line[k])
      }
      var sum: Float = 0
      for k in 0..<streams {
        line[k] = exponential(line[k] - largest)
        sum += line[k]
      }
      for k in 0..<streams { line[k] = line[k] / sum + description.epsilon }
    }
    normalize(mixing, from: 1, step: streams)
    for _ in 1..<max(description.iterations, 1) {
      normalize(mixing, from: streams, step: 1)
      normalize(mixing, from: 1, step: streams)
    }
  }

  /// Divides each line of the mixing matrix by its sum: lines lie `from` apart, their elements `step`.
  private func normalize(_ mixing: UnsafeMutablePointer<Float>, from: Int, step: Int) {
    for line in 0..<streams {
      var sum = description.epsilon
      for i in 0..<streams { sum += mixing[line * from + i * step] }
      for i in 0..<streams { mixing[line * from + i * step] /= sum }
    }
  }

  /// `stream_k = write_k y + sum_j mix_jk stream_j`, for one row, in place.
  func write(
    _ y: UnsafePointer<Float>, _ coefficients: UnsafePointer<Float>,
    to row: UnsafeMutablePointer<Float>, hidden: Int, _ pass: ForwardPass, _ worker: Worker
  ) {
    let mark = worker.local.mark
    defer { worker.local.release(to: mark) }
    let old = worker.local.take(streams * hidden)
    old.update(from: row, count: streams * hidden)
    let mixing = coefficients + 2 * streams
    row.update(repeating: 0, count: streams * hidden)
    for k in 0..<streams {
      let target = row + k * hidden
      pass.kernels.addScaled(coefficients[streams + k], y, to: target, hidden)
      for j in 0..<streams {
        pass.kernels.addScaled(mixing[j * streams + k], old + j * hidden, to: target, hidden)
      }
    }
  }
}
