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

  mutating func run(_ source: ModelSource, _ options: EngineOptions) throws -> RunReport {
    let started = Date()
    let tests = try plan.tests()
    if let file = options.recordRouting { try AtomicFile.probe(file) }
    let model = try LoadedModel(source, options, tests: tests, plan: plan, environment, progress)
    let text = try RunText(
      source, promptFile: options.promptFile, vocabulary: model.description.vocabulary,
      seed: plan.seed)
    let before = try measureCeilings(options)
    let shortest = try model.shortestRepetition(tests, before)
    let meters = try meters.fitting(windowSeconds: shortest)
    progress.say("measuring the machine at rest")
    let idle = meters.idle()
    let engine = BuiltInEngine(
      model.decoder, text: text.stream, timesLayers: model.slice != nil,
      isCancelled: { Interruption.cancellation.isCancelled })
    let runner = try Runner(
      workload: engine, plan: plan, meter: meters.meter, cancellation: Interruption.cancellation,
      observers: .init(progress: { [progress, peer] in
        progress.show($0)
        Self.takeTurn(peer, $0)
      }))
    peer?.meter = meters.meter
    Interruption.keepsResults()
    let outcome = runner.run()
    // Before and after: the machine is not the same all the time.
    let ceilings =
      outcome.status == .complete ? before.higher(try measureCeilings(options)) : before
    progress.clear()
    try source.checkUnchanged()
    if let failure = peer?.failure, failure.rule != .interrupted { throw failure }
    if let failure = outcome.failures.first {
      try source.naming { throw failure.error }
    }
    if let file = options.recordRouting, outcome.status == .complete {
      try RoutingFlag.record(engine, source, text, to: file)
    }
    let cost = try runCost(outcome, model.slice, idle)
    var report = RunReport(
      tool: Tool.description,
      startedAt: started.formatted(.iso8601), status: outcome.status, environment: environment,
      ceilings: ceilings, model: try model.summary(),
      engine: .init(
        name: "builtin", blas: BLASLibrary.configuration,
        instructionSet: model.decoder.kernels.name, threads: plan.threads,
        cacheFormat: model.decoder.cache.format.rawValue),
      tests: outcome.results, plannedSamples: outcome.plannedSamples,
      disturbance: outcome.disturbance,
      warnings: model.warnings(environment) + warnings(outcome, cost)
        + [text.warning].compactMap { $0 }, cost: cost,
      prices: prices(source, cost))
    report.tokensFrom = text.origin
    report.energyAccount = meters.account(idle: idle)
    report.warnings += aboveCeiling(report)
    if let peer {
      // What llama-bench used is no neighbour's.
      report.warnings.removeAll { $0.code == "busy_neighbour" }
      report.warnings += peer.warnings(outcome.results, tokensFrom: text.origin)
      report.peer = try peer.report(outcome.results, basis: cost.basis, mix: settings.mix)
    }
    return report
  }

  /// The peer's repetition comes before the built-in engine's; a failure of it ends the run.
  private static func takeTurn(_ peer: LlamaBenchPeer?, _ progress: RunProgress) {
    guard let peer, case .repetition = progress.stage else { return }
    peer.measure(progress.test)
    if peer.failure != nil { Interruption.cancellation.cancel() }
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

  private func measureCeilings(_ options: EngineOptions) throws -> Ceilings {
    progress.say("measuring this machine's limits")
    let caches = environment.cpu.caches.value ?? []
    let last = caches.max { $0.level < $1.level }?.bytes ?? 32 << 20
    let probe = try MachineProbe(
      threads: plan.threads.max() ?? 1, lastCacheBytes: last, instructionSet: options.isa,
      isCancelled: { Interruption.cancellation.isCancelled })
    return Ceilings(
      bandwidth: probe.rate(of: .read), floatRate: probe.rate(of: .multiply(rows: 512)),
      integerRate: probe.rate(of: .multiplyBlocks(rows: 512)))
  }

  private func runCost(
    _ outcome: RunOutcome<EngineError>, _ slice: LayerSlice?, _ idle: IdlePower
  ) throws -> RunCost {
    let basis = try CostBasis(
      settings, environment: environment, idleWatts: idle.estimate(), idleSource: idle.story,
      fullWatts: try meters.fullWatts, tables: SiteTables.builtIn)
    return try RunCost(outcome.results, basis: basis, mix: settings.mix, factors: slice?.factors)
  }

  private func prices(_ source: ModelSource, _ cost: RunCost) -> [PriceComparison] {
    pricing.quotesByName(source.catalogueName).map { PriceComparison($0, cost: cost) }
  }

  private func warnings(
    _ outcome: RunOutcome<EngineError>, _ cost: RunCost
  ) -> [RunReport.Warning] {
    var warnings = RunWarning.detect(in: outcome).map {
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
