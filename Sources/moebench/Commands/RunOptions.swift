// Options that `run` shares with the commands that measure or price.

import Analysis
import ArgumentParser
import Inference
import Measurement
import Models

/// The grid of sizes to measure.
struct GridOptions: ParsableArguments {
  @Option(
    name: [.customShort("p"), .long],
    help: ArgumentHelp("Prompt lengths to prefill.", valueName: "list"))
  var promptTokens = "512"

  @Option(
    name: [.customShort("n"), .long], help: ArgumentHelp("Tokens to decode.", valueName: "list"))
  var genTokens = "128"

  @Option(
    name: [.short, .long], help: ArgumentHelp("Tokens already in the cache.", valueName: "list"))
  var depth = "0"

  @Option(
    name: [.short, .long], help: ArgumentHelp("Sequences decoded together.", valueName: "list"))
  var batch = "1"

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Threads (default: physical cores).", valueName: "list"))
  var threads: String?

  @Option(name: [.short, .long], help: "Repetitions of each test.")
  var repetitions = 5

  @Option(help: "Untimed runs of each test before, or auto: until the rate is stable.")
  var warmup = "auto"

  @Option(help: "Seed of synthetic weights, random tokens and the order of repetitions.")
  var seed: UInt64 = 1

  func plan(_ environment: Environment) throws -> Plan {
    let cores = environment.cpu.physicalCores.value ?? environment.cpu.logicalCores.value ?? 1
    let usable = min(cores, environment.cpu.affinity.value ?? cores)
    return Plan(
      promptTokens: try ListGrammar.parse(
        promptTokens, flag: "--prompt-tokens", bounds: 0...(1 << 20)),
      generatedTokens: try ListGrammar.parse(
        genTokens, flag: "--gen-tokens", bounds: 0...(1 << 20)),
      depths: try ListGrammar.parse(depth, flag: "--depth", bounds: 0...(1 << 20)),
      batches: try ListGrammar.parse(batch, flag: "--batch", bounds: 1...1024),
      threads: try ListGrammar.parse(
        threads ?? String(max(1, usable)), flag: "--threads", bounds: 1...1024),
      repetitions: repetitions, warmUp: try warmUp(), seed: seed)
  }

  private func warmUp() throws -> WarmUp {
    if warmup == "auto" { return .automatic }
    guard let count = Int(warmup), count >= 0 else {
      throw Failure(.usage, "--warmup \(warmup): must be auto or a number from 0")
    }
    return .fixed(count)
  }
}

/// Which weights, and how the model is run.
struct EngineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Weight format (default: the checkpoint's own; q8_0 for a catalogue name).",
      valueName: "format"))
  var weights: String?

  @Option(
    help: ArgumentHelp(
      "Measure this many layers, every kind among them, and extrapolate (default: all that fit).",
      valueName: "count"))
  var layers: Int?

  @Option(
    help: ArgumentHelp(
      "Synthetic weights: uniform or zipf:S instead of the router's choice.", valueName: "kind"))
  var routing: String?

  @Option(
    help: ArgumentHelp(
      "Text whose tokens a checkpoint is measured with (default: Benchmarks/prompts).",
      valueName: "file"))
  var promptFile: String?

  @Option(
    help: ArgumentHelp("Instruction set (default: the best this machine has).", valueName: "name"))
  var isa: String?

  func format() throws -> WeightFormat? { try Self.format(named: weights) }

  static func format(named weights: String?) throws -> WeightFormat? {
    guard let weights else { return nil }
    guard let format = WeightFormat(rawValue: weights.lowercased()) else {
      let known = WeightFormat.allCases.map(\.rawValue).joined(separator: " ")
      throw Failure(.usage, "--weights \(weights): not one of \(known)")
    }
    return format
  }

  func distribution() throws -> RoutingDistribution? {
    guard let routing else { return nil }
    if routing == "uniform" { return .uniform }
    if routing.hasPrefix("zipf:"), let exponent = Double(routing.dropFirst(5)), exponent.isFinite,
      exponent >= 0, exponent <= 10
    {
      return .zipf(exponent: exponent)
    }
    throw Failure(.usage, "--routing \(routing): must be uniform or zipf:S with S from 0 to 10")
  }
}

/// What money is computed from.
struct CostOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Energy meter: \(MeterRequest.forms). auto takes the best that works here and names it.",
      valueName: "meter"))
  var meter = "auto"

  @Option(
    help: ArgumentHelp(
      "Watts of the machine under load, as W or LOW,BEST,HIGH.", valueName: "watts"))
  var watts: String?

  @Option(help: ArgumentHelp("Electricity, $ per kWh.", valueName: "usd"))
  var pricePerKwh: Double?

  @Option(help: ArgumentHelp("What the machine cost, $.", valueName: "usd"))
  var hardwareCost: Double?

  @Option(help: ArgumentHelp("What the machine rents for, $ per hour.", valueName: "usd"))
  var rental: Double?

  @Option(help: ArgumentHelp("Years the machine is written off over.", valueName: "years"))
  var lifeYears: Double?

  @Option(help: ArgumentHelp("Share of the time it does useful work, 0 to 1.", valueName: "share"))
  var utilisation: Double?

  @Option(help: ArgumentHelp("Power usage effectiveness, 1 or more.", valueName: "ratio"))
  var pue: Double?

  @Option(help: ArgumentHelp("Workload by name, or in:out[:cached].", valueName: "name"))
  var workload: String?

  func settings() throws -> CostSettings {
    var settings = CostSettings()
    settings.usdPerKWh = pricePerKwh
    settings.hardwareUsd = hardwareCost
    settings.rentalUsdPerHour = rental
    settings.lifeYears = lifeYears
    settings.utilisation = utilisation
    settings.pue = pue
    if let workload { settings.mix = try TokenWorkload(flag: workload).mix }
    return settings
  }
}
