// Several forms of one model under one runner, so that their repetitions can alternate.

import Inference
import Measurement

/// Hands each test to the engine of its variant.
public final class EngineVariants: Workload {
  public typealias Failure = EngineError

  /// One form of the model.
  public struct Variant {
    public let name: String?
    let engine: BuiltInEngine
    let begin: () -> Void

    /// - Parameters:
    ///   - name: As in the plan's variants.
    ///   - engine: May serve several variants.
    ///   - begin: What sets the engine up for this one; called untimed before every repetition.
    public init(_ name: String?, _ engine: BuiltInEngine, begin: @escaping () -> Void = {}) {
      self.name = name
      self.engine = engine
      self.begin = begin
    }
  }

  private let variants: [Variant]

  public init(_ variants: [Variant]) { self.variants = variants }

  public func prepare(_ test: TestCase) throws(EngineError) {
    let variant = try variant(of: test)
    variant.begin()
    try variant.engine.prepare(test)
  }

  public func run(_ test: TestCase) throws(EngineError) -> Repetition {
    try variant(of: test).engine.run(test)
  }

  private func variant(of test: TestCase) throws(EngineError) -> Variant {
    guard let variant = variants.first(where: { $0.name == test.variant }) else {
      throw .usage("no variant \"\(test.variant ?? "")\"")
    }
    return variant
  }
}
