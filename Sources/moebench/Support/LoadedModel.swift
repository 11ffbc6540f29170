// A model with its weights in memory, checked against the machine's memory before anything is made.

import Analysis
import Inference
import Measurement
import Models
import Reports
import Targets

struct LoadedModel {
  let description: ModelDescription
  /// What was run in place of the whole; nil where the whole was.
  let slice: LayerSlice?
  /// Bytes the whole's weights take.
  private let wholeBytes: Int
  private let whole: ModelDescription
  let decoder: Decoder
  private let source: ModelSource
  private let weights: any WeightSource

  init(
    _ source: ModelSource, _ options: EngineOptions, tests: [TestCase], plan: Plan,
    _ environment: Environment, _ progress: Progress
  ) throws {
    self.source = source
    whole = try source.description()
    let format = try options.format()
    let distribution = try options.distribution()
    switch source {
    case .checkpoint(let checkpoint, _):
      if distribution != nil {
        throw Failure(
          .usage, "--routing: only synthetic weights can be routed by hand (--synthetic)")
      }
      let model = whole
      let stored = try source.naming { try CheckpointAudit.check(model, checkpoint) }
      slice = try options.layers.flatMap { try SliceChoice.slice(of: model, layers: $0) }
      wholeBytes = try format.map { try model.weightBytes(asking: $0).total } ?? stored.byteCount
      weights = CheckpointWeights(checkpoint, format: format)
    case .catalogue, .shape:
      let format = format ?? source.defaultFormat
      slice = try SliceChoice(whole, format, environment, limit: try options.weightLimit())
        .slice(layers: options.layers)
      wholeBytes = try whole.weightBytes(asking: format).total
      progress.say("generating \(source.name) in \(format.rawValue)")
      weights = SyntheticWeights(format: format, seed: plan.seed)
    }
    description = slice.map(whole.keeping) ?? whole
    let capacity = BuiltInEngine.capacity(for: tests)
    let (description, weights) = (description, weights)
    let cacheFormat = try options.cache.format()
    decoder = try source.naming {
      try Decoder(
        description, weights: weights,
        options: DecoderOptions(
          threads: plan.threads[0], sequences: capacity.sequences, positions: capacity.positions,
          batch: capacity.batch, instructionSet: options.isa, cacheFormat: cacheFormat))
    }
    try source.checkUnchanged()
    if case .trace(let trace)? = distribution {
      try trace.check(decoder.routing.shapes, file: "--routing")
    }
    if let distribution { decoder.forceRouting(distribution, seed: plan.seed) }
  }

  func summary() throws -> RunReport.Model {
    let count = try whole.parameterCount()
    let kind: RunReport.Model.Source =
      switch source {
      case .checkpoint(let checkpoint, _): checkpoint.ggufMetadata == nil ? .safetensors : .gguf
      case .catalogue, .shape: .synthetic
      }
    var model = RunReport.Model(
      name: source.name, source: kind, architecture: description.family,
      totalParameters: count.total, activeParameters: count.activeWithoutEmbedding,
      activeParametersWithEmbedding: count.activeWithEmbedding,
      weightFormat: decoder.weightBytes.predominantFormat.rawValue,
      weightBytes: slice == nil ? decoder.weightBytes.total : wholeBytes, slice: try sliceSummary())
    model.headParameters = description.vocabulary * description.hidden
    model.touched = try description.touchedParts()
    return model
  }

  private func sliceSummary() throws -> RunReport.Model.Slice? {
    guard let slice else { return nil }
    return RunReport.Model.Slice(
      layersMeasured: slice.layers.count, layersTotal: slice.total, factors: slice.factors,
      weightBytes: decoder.weightBytes.total,
      activeParameters: try description.parameterCount().activeWithoutEmbedding)
  }

  /// How long the shortest repetition takes at least, were the machine at its limits; 2 s where they are unknown.
  func shortestRepetition(_ tests: [TestCase], _ ceilings: Ceilings) throws -> Double {
    let count = try description.parameterCount()
    let active = Double(count.activeWithoutEmbedding)
    let bytes = Double(decoder.weightBytes.total) * active / Double(max(1, count.total))
    let times = tests.compactMap { test -> Double? in
      switch test.phase {
      case .prefill:
        (ceilings.integerRate.value?.median).map {
          2 * active * Double(test.promptTokens) / max($0, 1)
        }
      case .decode:
        (ceilings.bandwidth.value?.median).map {
          bytes * Double(test.generatedTokens) / max($0, 1)
        }
      }
    }
    return times.min() ?? 2
  }

  /// More than a stray program takes.
  private static let notableShare = 0.05

  private var setAside: [RunReport.Warning] {
    let passes = decoder.passes
    guard Double(passes.narrowed) > Self.notableShare * Double(passes.all) else { return [] }
    return [
      .init(
        code: "threads_set_aside",
        message:
          "\(passes.narrowed) of \(passes.all) passes ran on fewer threads than asked for: others, or a "
          + "quota, had the processors")
    ]
  }

  /// Slices of 4 and 8 caches were seen to decode by 15 to 22 % too fast, of 30 caches not.
  private static let cachesToOutgrow = 16

  /// What a reader must know of threads set aside, of instruction sets the processor has in vain, and of a slice.
  func warnings(_ environment: Environment) -> [RunReport.Warning] {
    var warnings =
      setAside
      + InstructionSet.all.compactMap { set in
        set.refusal.map {
          RunReport.Warning(
            code: "instruction_set_refused", message: "\(set.name) is not used here: \($0)")
        }
      }
    guard let slice else { return warnings }
    let free =
      environment.usableMemory.map { "; \(Number.bytes(Double($0))) were free here" } ?? ""
    let (bytes, cache) = (decoder.weightBytes.total, environment.lastCacheBytes)
    if bytes < Self.cachesToOutgrow * cache {
      warnings.append(
        .init(
          code: "slice_in_cache",
          message:
            "the layers that were run take \(Number.bytes(Double(bytes))), of which a last cache of "
            + "\(Number.bytes(Double(cache))) holds more than it would of the whole: decode is "
            + "extrapolated too fast; --layers with more layers helps"))
    }
    return warnings + [
      .init(
        code: "slice",
        message:
          "\(slice.layers.count) of \(slice.total) layers were run; figures of the whole are "
          + "extrapolated from each kind of layer's own time. The whole's weights take "
          + "\(Number.bytes(Double(wholeBytes))) (\(wholeBytes) bytes)\(free)")
    ]
  }
}

extension ModelEntry {
  /// As it is published where that is a format of four bits a weight, eight bits otherwise.
  var defaultFormat: WeightFormat { nativeWeightDtype.hasPrefix("mxfp4") ? .mxfp4 : .q8_0 }
}

extension ModelDescription {
  /// Parameters every token uses, and those of one expert in every mixture together.
  func touchedParts() throws -> (shared: Double, perExpert: Double)? {
    let count = try parameterCount()
    guard let k = count.mixtures.first?.expertsPerToken, k > 0,
      count.mixtures.allSatisfy({ $0.expertsPerToken == k })
    else { return nil }
    return (
      Double(count.activeWithoutEmbedding - count.activeExperts),
      Double(count.activeExperts) / Double(k)
    )
  }
}
