// Numbers computed once, at load, from weights that are stored in another form.

/// Floats a layer keeps beside its weights: decay rates from their logarithms, a transposed tile.
struct DerivedFloats: Sendable {
  private let memory: Memory
  let vector: Vector

  /// - Parameter fill: Writes all `count` floats. Not called where weights are only counted.
  init(
    _ count: Int, from source: any WeightSource, purpose: String,
    _ fill: (UnsafeMutablePointer<Float>) -> Void
  ) throws(EngineError) {
    memory = try Memory(byteCount: source.hasValues ? count * 4 : 0, purpose: purpose)
    vector = Vector(memory.floats, count: count)
    if source.hasValues { fill(memory.floats) }
  }

  subscript(index: Int) -> Float { vector[index] }
}
