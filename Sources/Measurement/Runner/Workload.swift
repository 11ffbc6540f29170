// What can be measured: the seam between the runner and any engine.

/// One repetition as the engine saw it.
public struct Repetition: Sendable, Equatable {
  /// Tokens worked through, all sequences together.
  public let tokens: Int
  /// The engine's own time where it is another process and the runner's clock would time its
  /// start; `nil` lets the runner's clock count.
  public let seconds: Double?
  /// Distinct experts a layer touched in one step, mean over layers and steps.
  public let distinctExperts: Double?
  /// Bytes of weights and cache that were read, the whole repetition.
  public let bytesTouched: Double?
  /// Tokens each expert received, summed over layers; empty where unknown.
  public let expertLoad: [UInt64]
  /// Tokens each expert of each layer received, layer by layer; empty where unknown.
  public let layerLoads: [[UInt64]]
  /// Each layer's own part, where layers were timed; empty elsewhere.
  public let layers: [LayerWork]

  public init(
    tokens: Int, seconds: Double? = nil, distinctExperts: Double? = nil,
    bytesTouched: Double? = nil, expertLoad: [UInt64] = [], layerLoads: [[UInt64]] = [],
    layers: [LayerWork] = []
  ) {
    self.layerLoads = layerLoads
    self.tokens = tokens
    self.seconds = seconds
    self.distinctExperts = distinctExperts
    self.bytesTouched = bytesTouched
    self.expertLoad = expertLoad
    self.layers = layers
  }
}

/// One layer's part of a repetition.
public struct LayerWork: Sendable, Equatable {
  public let seconds: Double
  /// Bytes of weights and cache that were read.
  public let bytesTouched: Double

  public init(seconds: Double, bytesTouched: Double) {
    self.seconds = seconds
    self.bytesTouched = bytesTouched
  }
}

/// Something that works through tokens: the built-in engine, another tool's process, a server.
public protocol Workload<Failure>: AnyObject {
  associatedtype Failure: Error

  /// Untimed, before every repetition: threads, an empty cache, the cache filled to the depth.
  func prepare(_ test: TestCase) throws(Failure)

  /// Timed. Does exactly `test.tokens` tokens of work.
  ///
  /// A workload that can stop early at a cancellation throws its own failure; the runner then
  /// drops this repetition and ends as interrupted.
  func run(_ test: TestCase) throws(Failure) -> Repetition
}
