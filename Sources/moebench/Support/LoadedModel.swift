// A model with its weights in memory, checked against the machine's memory before anything is made.

import Inference
import Measurement
import Reports
import Targets

struct LoadedModel {
  let description: ModelDescription
  let decoder: Decoder
  private let source: ModelSource
  private let weights: any WeightSource

  init(
    _ source: ModelSource, _ options: EngineOptions, tests: [TestCase], plan: Plan,
    _ environment: Environment, _ progress: Progress
  ) throws {
    self.source = source
    description = try source.description()
    let format = try options.format()
    let distribution = try options.distribution()
    switch source {
    case .checkpoint(let checkpoint, _):
      if distribution != nil {
        throw Failure(.usage, "--routing: only synthetic weights can be routed by hand")
      }
      let description = description
      try source.naming { try CheckpointAudit.check(description, checkpoint) }
      weights = CheckpointWeights(checkpoint, format: format)
    case .catalogue(let entry):
      let format = format ?? .q8_0
      try Self.checkMemory(description, format, environment)
      progress.say("generating \(entry.name) in \(format.rawValue)")
      weights = SyntheticWeights(format: format, seed: plan.seed)
    }
    let capacity = BuiltInEngine.capacity(for: tests)
    let (description, weights) = (description, weights)
    decoder = try source.naming {
      try Decoder(
        description, weights: weights,
        options: DecoderOptions(
          threads: plan.threads[0], sequences: capacity.sequences, positions: capacity.positions,
          batch: capacity.batch, instructionSet: options.isa))
    }
    if let distribution { decoder.forceRouting(distribution, seed: plan.seed) }
  }

  /// Refuses what cannot fit, before minutes are spent on generating it.
  private static func checkMemory(
    _ description: ModelDescription, _ format: WeightFormat, _ environment: Environment
  ) throws {
    let needed = try description.weightBytes(asking: format).total
    let limits = [
      environment.memory.available.value, environment.cgroup.memoryLimit.value.flatMap { $0 },
    ].compactMap { $0 }
    guard let available = limits.min(), needed > available else { return }
    throw Failure(
      .system,
      "not enough memory: weights in \(format.rawValue) take \(Number.bytes(Double(needed))), "
        + "\(Number.bytes(Double(available))) are free")
  }

  func summary() throws -> RunReport.Model {
    let count = try description.parameterCount()
    let kind: RunReport.Model.Source =
      switch source {
      case .checkpoint(let checkpoint, _): checkpoint.ggufMetadata == nil ? .safetensors : .gguf
      case .catalogue: .synthetic
      }
    var model = RunReport.Model(
      name: source.name, source: kind, architecture: description.family,
      totalParameters: count.total, activeParameters: count.activeWithoutEmbedding,
      activeParametersWithEmbedding: count.activeWithEmbedding,
      weightFormat: decoder.weightBytes.predominantFormat.rawValue,
      weightBytes: decoder.weightBytes.total)
    model.headParameters = description.vocabulary * description.hidden
    return model
  }
}
