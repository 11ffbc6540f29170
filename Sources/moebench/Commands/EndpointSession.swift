// One run against a server, wired together: client, load, meter, money.

import Analysis
import CostModel
import Endpoint
import Measurement
import Models
import Reports

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct EndpointSession {
  private let address: EndpointAddress
  private let service: ServiceOptions
  private let load: LoadOptions
  private let nodes: Int
  private let settings: CostSettings
  private let environment = Environment.current()
  private let meters: Metering
  private let plan: LoadPlan
  private let prompts: PromptMaker
  private let promptsFrom: String
  private let objective: ServiceObjective?
  private let timeouts: EndpointTimeouts
  private let key: APIKey?
  private let progress: Progress
  private let pricing: Pricing
  /// The catalogue's model that the user says is served.
  private let said: ModelEntry?

  /// Checks every option before anything is sent.
  init(
    address: EndpointAddress, service: ServiceOptions, load: LoadOptions, nodes: Int,
    cost: CostOptions, progress: Progress
  ) throws {
    self.address = address
    self.service = service
    self.load = load
    self.nodes = nodes
    self.progress = progress
    settings = try cost.settings()
    pricing = try Pricing(cost.priceFiles)
    said = try service.catalogueName.map { (name) throws in
      try Catalogue.builtIn.model(named: name)
    }
    plan = try load.plan()
    objective = try load.slo.map { (flag) throws in try ServiceObjective(flag: flag) }
    timeouts = try service.timeouts()
    key = try EndpointKey.read(file: service.apiKeyFile)
    // A meter of this machine says nothing about a server elsewhere; given watts and a meter on the network do.
    let isBlind = !address.isLocal && cost.watts == nil && cost.meter == "auto"
    meters = try Metering(isBlind ? "none" : cost.meter, watts: cost.watts, environment)
    let text = try EndpointPrompts.text(load.promptFile)
    promptsFrom = text.origin
    prompts = PromptMaker(
      text: text.bytes,
      promptTokens: try LoadOptions.range(load.promptTokens, flag: "--prompt-tokens"),
      outputTokens: try LoadOptions.range(load.genTokens, flag: "--gen-tokens"), seed: load.seed)
    _ = try service.checkedRetries()
    _ = try basis(address.isLocal ? meters.unmeasuredIdle : elsewhereIdle())
  }

  func run() throws -> EndpointReport {
    let started = Date()
    // While nothing is asked of the server, whose model is resident.
    let idle = address.isLocal ? meters.idle() : try elsewhereIdle(meters.idle())
    let (outcome, model, notes) = try Waiting.value { [job] in try await job.run() }
    progress.clear()
    var report = EndpointReport(
      tool: Tool.description,
      startedAt: started.formatted(.iso8601),
      status: outcome.isInterrupted ? .interrupted : .complete, environment: environment,
      service: summary(model), load: loadSummary, levels: outcome.levels,
      plannedLevels: plan.levels.count * (plan.repeatsPrompts ? 2 : 1), objective: objective,
      account: meters.account(idle: idle), energyNote: energyNote)
    if idle == nil { report.account.idleReason = "the server is not on this machine" }
    report.warnings =
      notes + report.requestWarnings + EndpointNotes.warnings(report, key: key, address)
    try recognise(&report)
    try price(&report, idle)
    return report
  }

  /// Which model of the catalogue is served: the user's word, or what the server's name for it tells.
  private func recognise(_ report: inout EndpointReport) throws {
    if let said {
      report.catalogued = (said, [])
      return
    }
    switch try Catalogue.builtIn.model(servedAs: report.service.model) {
    case .known(let entry, let words): report.catalogued = (entry, words)
    case .unknown(let reason):
      report.modelReason = reason
      report.warnings.append(
        .init(
          code: "model_unknown",
          message: "\(reason): no price of the same model is told; --as NAME says what it is"))
    }
  }

  private var job: EndpointJob {
    var settings = EndpointSettings(address: address, model: service.model ?? "")
    settings.api = service.api
    settings.isStreaming = !service.noStream
    settings.ignoresEndOfText = service.ignoreEos
    settings.key = key
    settings.timeouts = timeouts
    settings.retries = service.retries
    return EndpointJob(
      settings: settings, plan: plan, prompts: prompts, progress: progress,
      watch: LevelWatch(
        port: address.isLocal ? address.port : nil, meter: meters.meter, nodes: nodes))
  }

  private func summary(_ model: String) -> EndpointReport.Service {
    .init(
      url: address.text, api: service.api.rawValue, isStreaming: !service.noStream, model: model,
      isLocal: address.isLocal, nodes: nodes, hasKey: key != nil,
      timeouts: [
        ("connect", timeouts.connect), ("ttft", timeouts.firstToken), ("idle", timeouts.idle),
        ("total", timeouts.total),
      ], retries: service.retries, ignoresEndOfText: service.ignoreEos)
  }

  private var loadSummary: EndpointReport.Load {
    .init(
      requestsPerLevel: plan.requests, promptTokens: prompts.promptTokens,
      outputTokens: prompts.outputTokens, promptsFrom: promptsFrom, coolsDown: plan.coolsDown,
      seed: plan.seed)
  }

  private var energyNote: String {
    guard address.isLocal else {
      return
        "the server is not on this machine: --watts gives its power, --meter a meter that sees it"
    }
    return "of the whole machine while a level ran, this program included"
  }

  /// Of a server elsewhere this machine's own watts at rest say nothing: what a meter that sees it measured counts, else
  /// servers' share of its full power, where that is known.
  private func elsewhereIdle(
    _ seen: IdlePower? = nil, full: Estimate? = nil
  ) throws -> IdlePower? {
    if let seen, seen.provenance == .measured { return seen }
    guard let full = meters.isGiven ? try meters.fullWatts : full else { return nil }
    return try IdlePower(shareOfFull: full, reason: "the server is not on this machine")
  }

  /// The most that a level drew, of each node; nil where none has energy.
  private func fullWatts(_ levels: [LoadLevel]) throws -> Estimate? {
    try levels.compactMap { level -> Estimate? in
      guard let passed = level.energySeconds, passed > 0, let joules = level.energy.joules.value,
        let low = level.energy.low, let high = level.energy.high
      else { return nil }
      let seconds = passed * Double(nodes)
      return try Estimate(
        low: low / seconds, best: joules / seconds, high: high / seconds, provenance: .measured)
    }.max { $0.best < $1.best }
  }

  private func price(_ report: inout EndpointReport, _ seen: IdlePower?) throws {
    guard report.levels.contains(where: { !$0.succeeded.isEmpty }) else {
      report.costReason = "no request succeeded"
      return
    }
    let knows = settings.hardwareUsd != nil || settings.rentalUsdPerHour != nil
    guard address.isLocal || knows else {
      report.costReason =
        "what the server costs is not known: --rental or --hardware-cost, with --nodes, tell"
      return
    }
    let idle = try seen ?? elsewhereIdle(full: fullWatts(report.levels))
    let basis = try basis(idle)
    let tests = try report.tests.map { try $0.measurement() }
    let cost = try RunCost(tests, basis: basis, mix: settings.mix)
    report.cost = cost
    report.costReason = cost.reason
    report.prices = pricing.quotesByName(report.catalogued?.entry.name).map {
      PriceComparison($0, cost: cost)
    }
    if basis.assumesHardware {
      report.warnings.append(
        .init(
          code: "hardware_cost_assumed",
          message:
            "what this machine costs is not known: --hardware-cost or --rental gives the real figure"
        ))
    }
  }

  /// Costs and given watts are of each node; a meter covers what it covers.
  private func basis(_ idle: IdlePower?) throws -> CostBasis {
    // Of a server elsewhere this machine's own power says nothing.
    let full = address.isLocal || meters.isGiven ? try meters.fullWatts : nil
    return try CostBasis(
      settings, processors: address.isLocal ? environment.cpu.logicalCores.value : nil,
      isVirtual: address.isLocal && environment.virtualisation.value.flatMap { $0 } != nil,
      idleWatts: try idle?.estimate(), idleSource: idle?.story ?? "not known",
      idleMeter: idle?.source, fullWatts: full,
      energySource: meters.meter?.name, tables: SiteTables.builtIn
    ).times(nodes, countsIdle: idle?.provenance != .measured)
  }
}
