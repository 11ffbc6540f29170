// moebench machine: what this machine is made of, and what it can do at best.

import Analysis
import ArgumentParser
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

enum MachineFormat: String, ExpressibleByArgument, CaseIterable {
  case table, json
}

struct Machine: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Describe this machine and its measured limits: memory reading, matrix products.",
    discussion: "Limits are measured once and kept; --measure measures them again.")

  @Option(
    name: [.short, .long], help: ArgumentHelp("Most threads (default: physical cores).")
  )
  var threads: Int?

  @Option(name: [.short, .long], help: "Measurements of each limit, at least.")
  var repetitions = 7

  @Option(help: ArgumentHelp("Time for each limit, at least, s.", valueName: "seconds"))
  var seconds = 0.15

  @Option(
    help: ArgumentHelp(
      "Weight formats whose products are timed, separated by commas.", valueName: "formats"))
  var formats = ProductTimes.formats.map(\.rawValue).joined(separator: ",")

  @Flag(help: "Measure again, whatever was kept from an earlier time.")
  var measure = false

  @Option(name: [.customShort("o"), .long], help: "Format of the result.")
  var output = MachineFormat.table

  @Flag(help: "No progress on standard error.")
  var quiet = false

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): must be between 1 and 1024")
    }
    guard Plan.repetitionBounds.contains(repetitions) else {
      throw ValidationError(
        PlanError.repetitionsOutOfBounds(repetitions, Plan.repetitionBounds).description)
    }
    guard seconds >= 0, seconds <= 60 else {
      throw ValidationError("--seconds \(seconds): must be from 0 to 60")
    }
  }

  mutating func run() throws {
    let environment = Environment.current()
    let started = Date()
    let (limits, age) = try limits(environment)
    let estimate = try PowerModel.of(environment)
    let report = MachineReport(
      tool: .init(version: Tool.version, commit: Tool.commit),
      startedAt: started.formatted(.iso8601), environment: environment,
      instructionSets: InstructionSet.all.map { ($0.name, $0.isAvailable) },
      meters: Doctor(estimate: estimate).meters(), limits: limits, limitsAge: age)
    switch output {
    case .table: Output.standard(report.text)
    case .json: Output.standard(try report.json.text(pretty: true) + "\n")
    }
  }

  private func limits(_ environment: Environment) throws -> (MachineLimits, age: Double?) {
    let formats = try formats.split(separator: ",", omittingEmptySubsequences: false).compactMap {
      try EngineOptions.format(named: String($0))
    }
    let most = threads ?? LimitsMeasurement.usableThreads(environment)
    let cache = LimitsCache(environment, threads: most)
    if !measure, let kept = cache.load() { return (kept.limits, kept.age) }
    let limits = try LimitsMeasurement(
      environment: environment, threads: most, formats: formats, repetitions: repetitions,
      seconds: seconds, progress: Progress(quiet: quiet)
    ).measure()
    cache.store(limits)
    return (limits, nil)
  }
}
