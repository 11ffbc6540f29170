// What the routers chose: expert load, distinct experts a step, and on request every choice.

/// The sizes of one mixture-of-experts layer that accounting needs.
public struct MixtureShape: Sendable, Equatable {
  public let layer: Int
  public let experts: Int
  public let expertsPerToken: Int
  public let bytesPerExpert: Int
}

/// Counts routing decisions; its arrays are made at load, so that counting allocates nothing.
public final class RoutingRecorder {
  /// Every choice of one mixture-of-experts layer, in the order of the rows.
  public struct Choices: Sendable {
    public let layer: Int
    public let expertsPerToken: Int
    public fileprivate(set) var experts: [Int32] = []
    public fileprivate(set) var weights: [Float] = []
  }

  public let shapes: [MixtureShape]
  /// Tokens each expert received, `[mixtures][experts]`.
  public private(set) var load: [[Int]]
  /// Sum over steps of the number of different experts that ran, `[mixtures]`.
  public private(set) var distinct: [Int]
  /// Forward passes counted.
  public private(set) var steps = 0
  /// Every choice, where ``keepsChoices`` is set (which allocates).
  public private(set) var choices: [Choices]
  public var keepsChoices = false

  init(shapes: [MixtureShape]) {
    self.shapes = shapes
    load = shapes.map { Array(repeating: 0, count: $0.experts) }
    distinct = Array(repeating: 0, count: shapes.count)
    choices = shapes.map { Choices(layer: $0.layer, expertsPerToken: $0.expertsPerToken) }
  }

  /// Forgets everything counted so far.
  public func reset() {
    steps = 0
    for mixture in shapes.indices {
      distinct[mixture] = 0
      for expert in load[mixture].indices { load[mixture][expert] = 0 }
      choices[mixture].experts.removeAll()
      choices[mixture].weights.removeAll()
    }
  }

  /// Bytes of routed-expert weights read since the last reset: each expert that ran, once a step.
  public var expertBytes: Int {
    zip(shapes, distinct).reduce(0) { $0 + $1.0.bytesPerExpert * $1.1 }
  }

  func record(
    mixture: Int, chosen: UnsafePointer<Int32>, weights: UnsafePointer<Float>, rows: Int, k: Int,
    active: Int, offsets: UnsafePointer<Int32>
  ) {
    distinct[mixture] += active
    for expert in 0..<shapes[mixture].experts {
      let count = offsets[expert + 1] - offsets[expert]
      if count > 0 { load[mixture][expert] += Int(count) }
    }
    if keepsChoices {
      choices[mixture].experts.append(
        contentsOf: UnsafeBufferPointer(start: chosen, count: rows * k))
      choices[mixture].weights.append(
        contentsOf: UnsafeBufferPointer(start: weights, count: rows * k))
    }
  }

  func countStep() { steps += 1 }
}
