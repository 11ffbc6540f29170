// moebench estimate: speed, memory, energy and cost of models without their weights, from this machine's limits.

import Analysis
import ArgumentParser
import CostModel
import Inference
import Measurement
import Models
import Reports
import StrictJSON

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct EstimateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "estimate",
    abstract: "Predict speed, memory, energy and cost of models, without weights.",
    discussion:
      "Rests on this machine's measured limits, which are measured once and kept (moebench machine). A name is a catalogue name, a folder with config.json or a .gguf file."
  )

  @Argument(help: "Models.")
  var names: [String] = []

  @Flag(help: "All models of the catalogue.")
  var all = false

  @Option(
    help: ArgumentHelp(
      "Weight formats, separated by commas (default: as for moebench run).", valueName: "formats"))
  var weights: String?

  @Option(name: [.customShort("p"), .long], help: "Tokens of the prompt.")
  var promptTokens = 512

  @Option(name: [.customShort("n"), .long], help: "Tokens to decode.")
  var genTokens = 128

  @Option(name: [.short, .long], help: "Tokens already in the cache.")
  var depth = 0

  @Option(name: [.short, .long], help: "Sequences decoded together.")
  var batch = 1

  @Option(
    help: "Positions each sequence's cache must hold (default: 4096, or what the tests need).")
  var context: Int?

  @Option(
    help: ArgumentHelp(
      "A result of moebench run on this machine, to scale predictions by; may be repeated.",
      valueName: "result.json"))
  var from: [String] = []

  @Option(
    help: ArgumentHelp(
      "Limits kept by moebench machine, of another machine or another time, instead of this one's.",
      valueName: "limits.json"))
  var limits: String?

  @Option(
    help: ArgumentHelp(
      "Another machine: bandwidth=GB/s,cores=N,memory=GB,watts=W,price=$, any of them.",
      valueName: "changes"))
  var whatIf: String?

  @Flag(
    help: "Measure what was predicted, a slice where the whole does not fit, and report the error.")
  var verify = false

  @Option(
    help: ArgumentHelp(
      "With --verify: measure this many layers and extrapolate (default: all that fit).",
      valueName: "count"))
  var layers: Int?

  @OptionGroup(title: "What it costs") var cost: CostOptions
  @OptionGroup(title: "Where it goes") var output: DocumentOptions

  @Flag(help: "No progress on standard error.")
  var quiet = false

  func validate() throws {
    guard all != !names.isEmpty else {
      throw ValidationError("give either names of models or --all")
    }
    for (flag, value, range) in [
      ("--prompt-tokens", promptTokens, 0...(1 << 20)), ("--gen-tokens", genTokens, 0...(1 << 20)),
      ("--depth", depth, 0...(1 << 20)), ("--batch", batch, 1...1024),
      ("--context", context ?? 1, 1...(1 << 24)),
    ] where !range.contains(value) {
      throw ValidationError(
        "\(flag) \(value): must be between \(range.lowerBound) and \(range.upperBound)")
    }
    if layers != nil && !verify {
      throw ValidationError("--layers: says what --verify measures; an estimate is of the whole")
    }
    if verify && whatIf != nil {
      throw ValidationError("--verify: another machine cannot be measured here")
    }
  }

  mutating func run() throws {
    let started = Date()
    let change = try whatIf.map(WhatIf.init(flag:))
    let formats = try weightFormats()
    let sources = try sources()
    let earlier = try from.map { try ResultFile.read($0) }
    try output.probe()
    let environment = Environment.current()
    let progress = Progress(quiet: quiet)
    let (limits, age) =
      try limits.map(LimitsCache.read).map { ($0.limits, Optional($0.age)) }
      ?? LimitsCache.current(environment, progress: progress)
    var estimator = try Estimator(
      environment: environment, limits: limits, change: change, cost: cost, plan: plan(environment),
      context: context ?? max(4096, depth + promptTokens + genTokens))
    let corrections = change == nil ? try estimator.corrections(earlier) : []
    estimator.correction = SpeedCorrection(
      corrections, doublings: change?.machine.doublings(from: limits) ?? 0)
    if verify { Interruption.install() }
    var estimates: [ModelEstimate] = []
    for source in sources {
      for format in formats ?? [source.defaultFormat] where Interruption.status == nil {
        var estimate = estimator.estimate(source, format)
        if verify {
          try Verification(
            environment: environment, cost: cost, layers: layers, pricing: estimator.pricing,
            progress: progress
          ).verify(&estimate, source, format, estimator.plan)
        }
        estimates.append(estimate)
      }
    }
    var report = EstimateReport(
      tool: Tool.description,
      startedAt: started.formatted(.iso8601), environment: environment, limits: limits,
      limitsAge: age, supposed: change?.text, corrections: corrections, estimates: estimates)
    report.supposedCores = change?.cores
    report.extrapolationSpread = change.map { _ in estimator.correction.extrapolationSpread }
    report.limitsFile = self.limits.map(ResultFile.name)
    try output.write(text: report.text, json: { report.json })
    if let status = Interruption.status { Failure.terminate(status) }
  }

  private func weightFormats() throws -> [WeightFormat]? {
    try weights?.split(separator: ",", omittingEmptySubsequences: false).compactMap {
      try EngineOptions.format(named: String($0))
    }
  }

  private func sources() throws -> [ModelSource] {
    all
      ? try Catalogue.builtIn.models.map { .catalogue($0) } : try names.map { try ModelSource($0) }
  }

  private func plan(_ environment: Environment) -> Plan {
    Plan(
      promptTokens: [promptTokens], generatedTokens: [genTokens], depths: [depth],
      batches: [batch], threads: [environment.usableThreads], repetitions: 3)
  }
}
