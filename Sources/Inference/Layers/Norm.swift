// Normalisation of a row: RMSNorm (Zhang and Sennrich 2019) and LayerNorm (Ba, Kiros and Hinton 2016).

/// A loaded normalisation.
enum Norm: Sendable {
  /// `x / rms(x) * (weight + offset)`; no weight means all ones.
  case rms(weight: Vector?, offset: Float, epsilon: Float)
  case layer(weight: Vector, bias: Vector?, epsilon: Float)

  /// The weights of one of `count` equal stretches, which is then normalised on its own.
  func part(_ index: Int, of count: Int) -> Norm {
    func cut(_ vector: Vector) -> Vector {
      let size = vector.count / count
      return Vector(vector.base + index * size, count: size)
    }
    return switch self {
    case .rms(let weight, let offset, let epsilon):
      .rms(weight: weight.map(cut), offset: offset, epsilon: epsilon)
    case .layer(let weight, let bias, let epsilon):
      .layer(weight: cut(weight), bias: bias.map(cut), epsilon: epsilon)
    }
  }

  /// `out` may be `x`.
  func apply(
    _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, count: Int,
    _ kernels: Kernels
  ) {
    switch self {
    case .rms(let weight, let offset, let epsilon):
      kernels.rmsNorm(
        x, weight: weight?.base, offset: offset, epsilon: epsilon, into: out, count)
    case .layer(let weight, let bias, let epsilon):
      var sum: Double = 0
      for i in 0..<count { sum += Double(x[i]) }
      let mean = sum / Double(count)
      var squares: Double = 0
      for i in 0..<count {
        let difference = Double(x[i]) - mean
        squares += difference * difference
      }
      let scale = 1 / (squares / Double(count) + Double(epsilon)).squareRoot()
      for i in 0..<count {
        let value = Float((Double(x[i]) - mean) * scale) * weight[i]
        out[i] = bias.map { value + $0[i] } ?? value
      }
    }
  }
}
