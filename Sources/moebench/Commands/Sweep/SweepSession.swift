// Runs an experiment: every form loaded once, all under one runner, each priced as `moebench run` prices.

import Analysis
import CostModel
import Inference
import Measurement
import Models
import Reports
import Targets

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct SweepSession {
  let design: SweepDesign
  let plan: Plan
  let environment: Environment
  let settings: CostSettings
  let meters: Metering
  let progress: Progress
  let pricing: Pricing
  /// What failed although the rest was measured: its status ends the program, after the report is written.
  private(set) var failure: (any Error)?

  mutating func run() throws -> SweepReport {
    let started = Date()
    try meters.check(settings, environment)
    let tests = try plan.tests()
    let forms = try LoadedForms(design, plan: plan, tests: tests, progress)
    progress.say("measuring this machine's limits")
    let ceilings = try Ceilings.measured(
      environment, threads: plan.threads[0], instructionSet: design.isa,
      weights: forms.loaded.map(\.decoder.weightMemory).max { $0.byteCount < $1.byteCount })
    let meters = try meters.fitting(
      windowSeconds: forms.shortestRepetition(tests, ceilings))
    let idle = meters.idle()
    let runner = try Runner(
      workload: EngineVariants(forms.variants), plan: plan, meter: meters.meter,
      cancellation: Interruption.cancellation,
      progress: { [progress] in progress.show($0) })
    Interruption.keepsResults()
    let outcome = runner.run()
    progress.clear()
    failure = outcome.failures.first?.error
    if outcome.doneSamples == 0, let failure { throw failure }
    let basis = try meters.costBasis(settings, environment, idle: idle)
    var points: [SweepReport.Point] = []
    for (point, form) in zip(design.points, forms.loaded) {
      points.append(try self.point(point, form, outcome, ceilings, basis, started))
    }
    return SweepReport(
      kind: design.kind, seconds: outcome.seconds, points: points, status: outcome.status,
      warnings: Self.warnings(outcome))
  }

  /// One of a kind: forms share labels, so each test's own would repeat.
  private static func warnings(_ outcome: RunOutcome<EngineError>) -> [RunReport.Warning] {
    let all =
      outcome.failureWarnings
      + RunWarning.detect(in: outcome).map { .init(code: $0.code, message: $0.message) }
    var codes: [String] = []
    for warning in all where !codes.contains(warning.code) { codes.append(warning.code) }
    return codes.compactMap { code in
      let same = all.filter { $0.code == code }
      guard let first = same.first else { return nil }
      let more = same.count > 1 ? " (and \(same.count - 1) more like it)" : ""
      return .init(code: code, message: first.message + more)
    }
  }

  private func point(
    _ point: SweepPoint, _ form: LoadedForms.Form, _ outcome: RunOutcome<EngineError>,
    _ ceilings: Ceilings, _ basis: CostBasis, _ started: Date
  ) throws -> SweepReport.Point {
    let results = outcome.measured.filter {
      $0.test.variant == point.variant && (point.batch == nil || $0.test.batch == point.batch)
    }
    let cost = try RunCost(
      results, basis: basis, mix: settings.mix, factors: form.slice?.factors)
    let report = RunReport(
      tool: Tool.description,
      startedAt: started.formatted(.iso8601), status: outcome.status, environment: environment,
      ceilings: ceilings, model: try form.summary(design.source.name, point),
      engine: .init(
        name: "builtin", blas: BLASLibrary.configuration,
        instructionSet: form.decoder.kernels.name, threads: plan.threads),
      tests: results, plannedSamples: results.count * plan.repetitions,
      disturbance: outcome.disturbance, warnings: [], cost: cost,
      prices: pricing.quotesByName(design.source.catalogueName).map {
        PriceComparison($0, cost: cost)
      })
    let mixture = form.decoder.routing.shapes.first
    let work = ModelWork(try point.whole.inventory(asking: point.format))
    return SweepReport.Point(
      name: point.name, value: point.value, run: report,
      touchedParametersPerStep: work.touchedWeights(tokens: Double(point.batch ?? plan.batches[0])),
      mixture: mixture.map { ($0.experts, $0.expertsPerToken) })
  }
}

/// The decoders of an experiment; forms that differ in no weight share them.
struct LoadedForms {
  struct Form {
    let decoder: Decoder
    let slice: LayerSlice?
    let part: ModelDescription
  }

  private(set) var loaded: [Form] = []
  private(set) var variants: [EngineVariants.Variant] = []

  init(_ design: SweepDesign, plan: Plan, tests: [TestCase], _ progress: Progress) throws {
    var shared: [String: SharedWeights] = [:]
    var single: (form: Form, engine: BuiltInEngine)?
    var forms: [Int: Form] = [:]
    // Those with the most experts first: the others then take the first of theirs.
    let order = design.points.indices.sorted {
      (design.points[$1].value ?? 0) < (design.points[$0].value ?? 0)
    }
    for index in order {
      let point = design.points[index]
      let isOneEngine = design.kind == .batch || design.kind == .routing
      let form: Form
      let engine: BuiltInEngine
      if let single, isOneEngine {
        (form, engine) = single
      } else {
        progress.say("generating \(design.source.name), \(point.name)")
        let weights =
          shared[point.weightGroup]
          ?? SharedWeights(SyntheticWeights(format: point.format, seed: plan.seed))
        shared[point.weightGroup] = weights
        form = try Self.form(point, design, plan, tests, weights)
        engine = BuiltInEngine(
          form.decoder,
          text: .random(vocabulary: form.part.vocabulary, seed: plan.seed),
          timesLayers: form.slice != nil,
          isCancelled: { Interruption.cancellation.isCancelled })
        single = (form, engine)
      }
      forms[index] = form
      if case .trace(let trace)? = point.routing {
        try trace.check(form.decoder.routing.shapes, file: point.name)
      }
      let (decoder, routing, seed) = (form.decoder, point.routing, plan.seed)
      variants.append(
        EngineVariants.Variant(point.variant, engine) {
          if design.kind == .routing { decoder.forceRouting(routing, seed: seed) }
        })
    }
    loaded = design.points.indices.compactMap { forms[$0] }
  }

  /// About how long the shortest test takes, for the choice of a meter: that of the smallest form.
  func shortestRepetition(_ tests: [TestCase], _ ceilings: Ceilings) -> Double {
    let bytes = loaded.map { $0.decoder.weightBytes.shared }.min() ?? 0
    let rate = ceilings.bandwidth.value?.median ?? 1
    let tokens = tests.map { $0.phase == .decode ? $0.generatedTokens : 1 }.min() ?? 1
    return Double(bytes) * Double(tokens) / max(rate, 1)
  }

  private static func form(
    _ point: SweepPoint, _ design: SweepDesign, _ plan: Plan, _ tests: [TestCase],
    _ weights: SharedWeights
  ) throws -> Form {
    let slice = try design.layers.flatMap { try SliceChoice.slice(of: point.whole, layers: $0) }
    let part = slice.map(point.whole.keeping) ?? point.whole
    let capacity = BuiltInEngine.capacity(for: tests)
    let decoder = try design.source.naming {
      try Decoder(
        part, weights: weights,
        options: DecoderOptions(
          threads: plan.threads[0], sequences: capacity.sequences, positions: capacity.positions,
          batch: capacity.batch, instructionSet: design.isa))
    }
    return Form(decoder: decoder, slice: slice, part: part)
  }
}

extension LoadedForms.Form {
  fileprivate func summary(_ name: String, _ point: SweepPoint) throws -> RunReport.Model {
    let count = try point.whole.parameterCount()
    var model = RunReport.Model(
      name: name, source: .synthetic, architecture: point.whole.family,
      totalParameters: count.total, activeParameters: count.activeWithoutEmbedding,
      activeParametersWithEmbedding: count.activeWithEmbedding,
      weightFormat: point.format.rawValue,
      weightBytes: try point.whole.weightBytes(asking: point.format).total)
    model.headParameters = point.whole.vocabulary * point.whole.hidden
    model.touched = try part.touchedParts()
    let active = try part.parameterCount().activeWithoutEmbedding
    model.slice = slice.map {
      RunReport.Model.Slice(
        layersMeasured: $0.layers.count, layersTotal: $0.total, factors: $0.factors,
        weightBytes: decoder.weightBytes.total, activeParameters: active)
    }
    return model
  }
}
