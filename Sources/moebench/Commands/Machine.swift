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

struct Machine: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Describe this machine and its measured limits: memory reading, matrix products.",
    discussion:
      "Limits are measured once and kept; --measure, --repetitions and --seconds measure them again, as does a format that was not timed."
  )

  @Option(
    name: [.short, .long], help: ArgumentHelp("Most threads (default: physical cores).")
  )
  var threads: Int?

  @Option(name: [.short, .long], help: "Measurements of each limit, at least (default: 7).")
  var repetitions: Int?

  @Option(
    help: ArgumentHelp("Time for each limit, at least, s (default: 0.15).", valueName: "seconds"))
  var seconds: Double?

  @Option(
    help: ArgumentHelp(
      "Weight formats whose products are timed, separated by commas.", valueName: "formats"))
  var formats = ProductTimes.formats.map(\.rawValue).joined(separator: ",")

  @Flag(help: "Measure again, whatever was kept from an earlier time.")
  var measure = false

  @OptionGroup(title: "Where it goes") var output: DocumentOptions

  @Flag(help: "No progress on standard error.")
  var quiet = false

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): must be between 1 and 1024")
    }
    if let repetitions, !Plan.repetitionBounds.contains(repetitions) {
      throw ValidationError(
        PlanError.repetitionsOutOfBounds(repetitions, Plan.repetitionBounds).description)
    }
    if let seconds, !(0...60).contains(seconds) {
      throw ValidationError("--seconds \(seconds): must be from 0 to 60")
    }
  }

  mutating func run() throws {
    try output.probe()
    let environment = Environment.current()
    let started = Date()
    let (limits, age) = try limits(environment)
    let estimate = try PowerModel.of(environment)
    let report = MachineReport(
      tool: Tool.description,
      startedAt: started.formatted(.iso8601), environment: environment,
      instructionSets: InstructionSet.all.map { ($0.name, $0.isAvailable) },
      meters: Doctor(estimate: estimate).meters(), limits: limits, limitsAge: age)
    try output.write(text: { _ in report.text }, json: { report.json })
  }

  private func limits(_ environment: Environment) throws -> (MachineLimits, age: Double?) {
    let formats = try formats.split(separator: ",", omittingEmptySubsequences: false).compactMap {
      try EngineOptions.format(named: String($0))
    }
    let most = threads ?? environment.usableThreads
    let cache = LimitsCache(environment, threads: most)
    let isKept = !measure && repetitions == nil && seconds == nil
    if isKept, let kept = try cache.load(formats: formats) { return (kept.limits, kept.age) }
    var measurement = LimitsMeasurement(
      environment: environment, threads: most, formats: formats,
      progress: Progress(quiet: quiet))
    if let repetitions { measurement.repetitions = repetitions }
    if let seconds { measurement.seconds = seconds }
    let limits = try measurement.measure()
    cache.store(limits)
    return (limits, nil)
  }
}
