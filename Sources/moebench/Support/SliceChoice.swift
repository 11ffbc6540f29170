// Decides whether a model is run whole, or which of its layers stand for it.

import Inference
import Measurement
import Reports

/// A shape, a format and the memory of this machine.
struct SliceChoice {
  private let whole: ModelDescription
  private let format: WeightFormat
  private let available: Int?
  /// What the user lets it take, a wish: one layer of each kind is run in any case.
  private let limit: Int?

  init(
    _ whole: ModelDescription, _ format: WeightFormat, _ environment: Environment, limit: Int? = nil
  ) {
    self.whole = whole
    self.format = format
    self.limit = limit
    available = environment.usableMemory
  }

  /// The user's slice, or none where the whole fits, or the largest modest one that fits.
  ///
  /// - Throws: `Failure` with status 71 where not even one layer of each kind fits.
  func slice(layers: Int?) throws -> LayerSlice? {
    if let layers {
      let slice = try Self.slice(of: whole, layers: layers)
      try check(slice.map(whole.keeping) ?? whole, needed: "the slice's weights")
      return slice
    }
    guard let most = [available, limit].compactMap({ $0 }).min(),
      try whole.weightBytes(asking: format).total > most
    else { return nil }
    let kinds = whole.layerKinds.count
    guard let least = whole.slice(layers: kinds) else {
      try check(whole, needed: "weights")
      return nil
    }
    try check(whole.keeping(least), needed: "one layer of each kind")
    // A second layer of each kind averages over more of the routing, where it comes cheaply.
    var best = least
    var count = kinds + 1
    while count <= 2 * kinds, let next = whole.slice(layers: count),
      try whole.keeping(next).weightBytes(asking: format).total
        <= min((available ?? .max) / 2, limit ?? .max)
    {
      best = next
      count += 1
    }
    return best
  }

  /// - Returns: nil where that is the whole.
  static func slice(of whole: ModelDescription, layers: Int) throws -> LayerSlice? {
    let kinds = whole.layerKinds.count
    guard layers >= kinds else {
      throw Failure(
        .usage,
        "--layers \(layers): must be at least \(kinds), one for each kind of layer this model has")
    }
    guard layers <= whole.layers.count else {
      throw Failure(.usage, "--layers \(layers): the model has \(whole.layers.count)")
    }
    return whole.slice(layers: layers)
  }

  private func check(_ part: ModelDescription, needed name: String) throws {
    let needed = try part.weightBytes(asking: format).total
    guard let available, needed > available else { return }
    throw Failure(
      .system,
      "not enough memory: \(name) in \(format.rawValue) take \(Number.bytes(Double(needed))), "
        + "\(Number.bytes(Double(available))) are free")
  }
}

extension Environment {
  /// What this process may take: free memory, or the control group's limit.
  var usableMemory: Int? {
    [memory.available.value, cgroup.memoryLimit.value.flatMap { $0 }].compactMap { $0 }.min()
  }
}
