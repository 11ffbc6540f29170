// moebench machine: what this machine is made of, and what it can do at best.

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
    abstract: "Describe this machine and measure its limits: memory reading, matrix products.")

  @Option(
    name: [.short, .long], help: ArgumentHelp("Most threads (default: physical cores).")
  )
  var threads: Int?

  @Option(name: [.short, .long], help: "Measurements of each limit.")
  var repetitions = 7

  @Option(name: [.customShort("o"), .long], help: "Format of the result.")
  var output = MachineFormat.table

  @Flag(help: "No progress on standard error.")
  var quiet = false

  /// An expert sees few rows, a prompt many.
  private static let rows = [1, 4, 16, 64, 512]

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): must be between 1 and 1024")
    }
    guard Plan.repetitionBounds.contains(repetitions) else {
      throw ValidationError(
        PlanError.repetitionsOutOfBounds(repetitions, Plan.repetitionBounds).description)
    }
  }

  mutating func run() throws {
    let environment = Environment.current()
    let report = try measure(environment, Progress(quiet: quiet))
    switch output {
    case .table: Output.standard(report.text)
    case .json: Output.standard(try report.json.text(pretty: true) + "\n")
    }
  }

  private func measure(_ environment: Environment, _ progress: Progress) throws -> MachineReport {
    let started = Date()
    let cores = environment.cpu.physicalCores.value ?? environment.cpu.logicalCores.value ?? 1
    let most = threads ?? max(1, min(cores, environment.cpu.affinity.value ?? cores))
    let last = environment.cpu.caches.value?.max { $0.level < $1.level }?.bytes ?? 32 << 20
    let counters = SystemCounters()
    let before = counters.snapshot()
    var bandwidth: [MachineReport.Point] = []
    for count in Self.threadCounts(to: most) {
      progress.say("reading memory with \(count) threads")
      let probe = try MachineProbe(threads: count, lastCacheBytes: last)
      bandwidth.append(.init(size: count, rate: probe.rate(of: .read, runs: repetitions)))
    }
    progress.say("multiplying matrices")
    let probe = try MachineProbe(threads: most, lastCacheBytes: last)
    let floats = Self.rows.map {
      MachineReport.Point(size: $0, rate: probe.rate(of: .multiply(rows: $0), runs: repetitions))
    }
    let integers = Self.rows.map {
      MachineReport.Point(
        size: $0, rate: probe.rate(of: .multiplyBlocks(rows: $0), runs: repetitions))
    }
    let disturbance = Disturbance(from: before, to: counters.snapshot())
    progress.clear()
    let estimate = try PowerModel.of(environment)
    return MachineReport(
      tool: .init(version: Tool.version, commit: Tool.commit),
      startedAt: started.formatted(.iso8601), environment: environment,
      instructionSets: InstructionSet.all.map { ($0.name, $0.isAvailable) },
      meters: Doctor(estimate: estimate).meters(), threads: most, bandwidth: bandwidth,
      floatRates: floats, integerRates: integers, disturbance: disturbance)
  }

  /// 1, 2, 4 … and the most.
  private static func threadCounts(to most: Int) -> [Int] {
    var counts: [Int] = []
    var count = 1
    while count < most {
      counts.append(count)
      count *= 2
    }
    return counts + [most]
  }
}
