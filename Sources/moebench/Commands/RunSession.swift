// One run, wired together: model, machine, runner, money.

import Analysis
import CostModel
import Inference
import Measurement
import Models
import Reports
import StrictJSON
import Targets

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct RunSession {
  let plan: Plan
  let environment: Environment
  let settings: CostSettings
  let meters: Metering
  let progress: Progress
  let pricing: Pricing
  /// Another engine, measured in turn.
  var peer: LlamaBenchPeer?
  /// What failed although the rest was measured: its status ends the program, after the report is written.
  private(set) var failure: (any Error)?

  /// A model in memory and what it is fed.
  private struct Loaded {
    let source: ModelSource
    let tests: [TestCase]
    let model: LoadedModel
    let text: RunText
  }

  /// What was seen.
  private struct Measured {
    let outcome: RunOutcome<EngineError>
    let ceilings: Ceilings
    let idle: IdlePower
    /// Those that were read: of repetitions too short for the first choice, others.
    let meters: Metering
  }

  /// - Throws: Whatever is wrong before the first test, or where no test at all could be measured.
  mutating func run(_ source: ModelSource, _ options: EngineOptions) throws -> RunReport {
    let started = Date()
    try meters.check(settings, environment)
    if let file = options.recordRouting { try AtomicFile.probe(file) }
    let loaded = try load(source, options)
    let measured = try measure(loaded, options)
    return try report(loaded, measured, started)
  }

  private func load(_ source: ModelSource, _ options: EngineOptions) throws -> Loaded {
    let tests = try plan.tests()
    let model = try LoadedModel(source, options, tests: tests, plan: plan, environment, progress)
    let text = try RunText(
      source, promptFile: options.promptFile, vocabulary: model.description.vocabulary,
      seed: plan.seed)
    return Loaded(source: source, tests: tests, model: model, text: text)
  }

  private mutating func measure(_ loaded: Loaded, _ options: EngineOptions) throws -> Measured {
    let before = try ceilings(options, loaded)
    let meters = try meters.fitting(
      windowSeconds: loaded.model.shortestRepetition(loaded.tests, before))
    progress.say("measuring the machine at rest")
    let idle = meters.idle()
    let engine = BuiltInEngine(
      loaded.model.decoder, text: loaded.text.stream, timesLayers: loaded.model.slice != nil,
      isCancelled: { Interruption.cancellation.isCancelled })
    let runner = try Runner(
      workload: engine, plan: plan, meter: meters.meter, cancellation: Interruption.cancellation,
      progress: { [progress, peer] in
        progress.show($0)
        // The peer's repetition comes before the built-in engine's.
        if case .repetition = $0.stage { peer?.measure($0.test) }
      })
    peer?.meter = meters.meter
    Interruption.keepsResults()
    let outcome = runner.run()
    // Before and after: the machine is not the same all the time.
    let ceilings =
      outcome.status == .complete ? before.higher(try self.ceilings(options, loaded)) : before
    progress.clear()
    try loaded.source.checkUnchanged()
    try note(outcome, loaded.source)
    if let file = options.recordRouting, outcome.status == .complete {
      do { try RoutingFlag.record(engine, loaded.source, loaded.text, to: file) } catch {
        failure = failure ?? error
      }
    }
    return Measured(
      outcome: outcome, ceilings: ceilings, idle: idle, meters: meters)
  }

  /// Remembers what failed; throws it where nothing else is left to report.
  private mutating func note(_ outcome: RunOutcome<EngineError>, _ source: ModelSource) throws {
    if let first = outcome.failures.first?.error {
      do { try source.naming { throw first } } catch { failure = error }
    }
    // Weights that are no numbers spoil every test, those too that did not meet one.
    if outcome.doneSamples == 0 || outcome.hasNonFinite, let failure { throw failure }
    if failure == nil, let peer = peer?.failure, peer.rule != .interrupted { failure = peer }
  }

  private func report(
    _ loaded: Loaded, _ measured: Measured, _ started: Date
  ) throws -> RunReport {
    let (model, outcome) = (loaded.model, measured.outcome)
    let results = outcome.measured
    let basis = try measured.meters.costBasis(settings, environment, idle: measured.idle)
    let cost = try RunCost(
      results, basis: basis, mix: settings.mix, factors: model.slice?.factors)
    var report = RunReport(
      tool: Tool.description,
      startedAt: started.formatted(.iso8601), status: outcome.status, environment: environment,
      ceilings: measured.ceilings, model: try model.summary(),
      engine: .init(
        name: "builtin", blas: BLASLibrary.configuration,
        instructionSet: model.decoder.kernels.name, threads: plan.threads,
        cacheFormat: model.decoder.cache.format.rawValue),
      tests: results, plannedSamples: outcome.plannedSamples, disturbance: outcome.disturbance,
      warnings: model.warnings(environment) + warnings(outcome, cost)
        + [loaded.text.warning].compactMap { $0 }, cost: cost,
      prices: pricing.quotesByName(loaded.source.catalogueName).map {
        PriceComparison($0, cost: cost)
      })
    report.tokensFrom = loaded.text.origin
    report.energyAccount = measured.meters.account(idle: measured.idle)
    report.warnings += aboveCeiling(report)
    if let peer { try add(peer, to: &report, cost) }
    return report
  }

  private func add(
    _ peer: LlamaBenchPeer, to report: inout RunReport, _ cost: RunCost
  ) throws {
    // What llama-bench used between our repetitions is no neighbour's.
    report.warnings.removeAll { $0.code == "busy_neighbour" }
    if let busy = RunWarning.busyNeighbour(during: report.tests.flatMap(\.samples)) {
      report.warnings.append(.init(code: busy.code, message: busy.message))
    }
    report.warnings += peer.warnings(report.tests, tokensFrom: report.tokensFrom ?? "")
    if !peer.samples.isEmpty {
      report.peer = try peer.report(report.tests, basis: cost.basis, mix: settings.mix)
    }
  }

  /// More than all there is means that the ceiling was measured too low, and is said.
  private func aboveCeiling(_ report: RunReport) -> [RunReport.Warning] {
    report.tests.compactMap { result in
      let attainment = report.attainment(of: result)
      let share = max(attainment.bandwidthShare ?? 0, attainment.arithmeticShare ?? 0)
      guard share > 1 else { return nil }
      return .init(
        code: "above_ceiling",
        message: "\(result.test.label) used \(Number.percent(share)) of a measured limit: "
          + "the limit was measured too low, on a machine that something disturbed")
    }
  }

  private func ceilings(_ options: EngineOptions, _ loaded: Loaded) throws -> Ceilings {
    progress.say("measuring this machine's limits")
    return try Ceilings.measured(
      environment, threads: plan.threads.max() ?? 1, instructionSet: options.isa,
      weights: loaded.model.decoder.weightMemory)
  }

  private func warnings(
    _ outcome: RunOutcome<EngineError>, _ cost: RunCost
  ) -> [RunReport.Warning] {
    var warnings =
      outcome.failureWarnings
      + RunWarning.detect(in: outcome).map {
        RunReport.Warning(code: $0.code, message: $0.message)
      }
    if cost.basis.assumesHardware {
      warnings.append(
        .init(
          code: "hardware_cost_assumed",
          message:
            "what this machine costs is not known: --hardware-cost or --rental gives the real figure"
        ))
    }
    return warnings
  }
}
