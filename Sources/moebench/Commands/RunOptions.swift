// Options that `run` shares with the commands that measure or price.

import Analysis
import ArgumentParser
import Inference
import Measurement
import Models

/// The grid of sizes to measure.
struct GridOptions: ParsableArguments {
  @Option(
    name: [.customShort("p"), .long], parsing: .unconditional,
    help: ArgumentHelp("Prompt lengths to prefill.", valueName: "list"))
  var promptTokens = "512"

  @Option(
    name: [.customShort("n"), .long], parsing: .unconditional,
    help: ArgumentHelp("Tokens to decode.", valueName: "list"))
  var genTokens = "128"

  @Option(
    name: [.short, .long], parsing: .unconditional,
    help: ArgumentHelp("Tokens already in the cache.", valueName: "list"))
  var depth = "0"

  @Option(
    name: [.short, .long], parsing: .unconditional,
    help: ArgumentHelp("Sequences decoded together.", valueName: "list"))
  var batch = "1"

  @Option(
    name: [.short, .long], parsing: .unconditional,
    help: ArgumentHelp("Threads (default: physical cores).", valueName: "list"))
  var threads: String?

  @Option(name: [.short, .long], parsing: .unconditional, help: "Repetitions of each test.")
  var repetitions = 5

  @Option(help: "Untimed runs of each test before, or auto: until the rate is stable.")
  var warmup = "auto"

  @Option(help: "Seed of synthetic weights, random tokens and the order of repetitions.")
  var seed: UInt64 = 1

  func plan(_ environment: Environment) throws -> Plan {
    try Self.plan(
      promptTokens: promptTokens, genTokens: genTokens, depth: depth, batch: batch,
      threads: threads, repetitions: repetitions, warmup: warmup, seed: seed, environment)
  }

  static func plan(
    promptTokens: String, genTokens: String, depth: String, batch: String, threads: String?,
    repetitions: Int, warmup: String, seed: UInt64, _ environment: Environment
  ) throws -> Plan {
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
      repetitions: repetitions, warmUp: try warmUp(warmup), seed: seed)
  }

  private static func warmUp(_ warmup: String) throws -> WarmUp {
    if warmup == "auto" { return .automatic }
    guard let count = Int(warmup), count >= 0 else {
      throw Failure(.usage, "--warmup \(warmup): must be auto or a number from 0")
    }
    return .fixed(count)
  }
}

/// How the built-in engine keeps keys and values.
struct CacheOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Keys and values in f16 or f32 (default: f16; f32 for F32 weights and exact scores).",
      valueName: "format"))
  var kv: String?

  func format() throws -> CacheFormat? {
    guard let kv else { return nil }
    guard let format = CacheFormat(rawValue: kv.lowercased()) else {
      throw Failure(.usage, "--kv \(kv): not f16 or f32")
    }
    return format
  }
}

/// Which weights, and how the model is run.
struct EngineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Weight format (default: the checkpoint's own; for a catalogue name q8_0, or mxfp4 where the model is published in it).",
      valueName: "format"))
  var weights: String?

  @Option(
    help: ArgumentHelp(
      "Measure this many layers, every kind among them, and extrapolate (default: all that fit).",
      valueName: "count"))
  var layers: Int?

  @Option(
    help: ArgumentHelp(
      "Most GB of synthetic weights: of a larger model a slice is measured (default: what is free).",
      valueName: "gb"))
  var maxWeights: Double?

  @Option(
    help: ArgumentHelp(
      "Synthetic weights: uniform, zipf:S, single or trace:FILE instead of the router's choice.",
      valueName: "kind"))
  var routing: String?

  @Option(
    help: ArgumentHelp(
      "Write which experts each token of the text chose, to be replayed with --routing trace:FILE.",
      valueName: "file"))
  var recordRouting: String?

  @Flag(help: "Of a model on disk take the shape alone: its weights need not be there.")
  var synthetic = false

  @Option(
    help: ArgumentHelp(
      "Text whose tokens a checkpoint is measured with (default: Benchmarks/prompts).",
      valueName: "file"))
  var promptFile: String?

  @Option(
    help: ArgumentHelp("Instruction set (default: the best this machine has).", valueName: "name"))
  var isa: String?

  @OptionGroup var cache: CacheOptions

  /// `--max-weights` in bytes.
  func weightLimit() throws -> Int? {
    guard let maxWeights else { return nil }
    guard maxWeights.isFinite, maxWeights > 0, maxWeights < 1e6 else {
      throw Failure(.usage, "--max-weights \(maxWeights): must be above 0, in GB")
    }
    return Int(maxWeights * 1e9)
  }

  func format() throws -> WeightFormat? { try Self.format(named: weights) }

  static func format(
    named weights: String?, flag: String = "--weights"
  ) throws -> WeightFormat? {
    guard let weights else { return nil }
    guard let format = WeightFormat(rawValue: weights.lowercased()) else {
      let known = WeightFormat.allCases.map(\.rawValue).joined(separator: " ")
      throw Failure(.usage, "\(flag) \(weights.prefix(60)): not one of \(known)")
    }
    return format
  }

  func distribution() throws -> RoutingDistribution? {
    try routing.map(RoutingFlag.distribution)
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
      "Watts of the machine under load, as W or LOW,BEST,HIGH, in place of any meter.",
      valueName: "watts"))
  var watts: String?

  @Option(
    help: ArgumentHelp(
      "Electricity, $ per kWh, where no rent includes it (0.146, 0.056 to 0.433: US commercial, EIA 2026-04; China's subsidised west to German households).",
      valueName: "usd"))
  var pricePerKwh: Double?

  @Option(
    help: ArgumentHelp(
      "What the machine cost, $ (a guess of 1000, 500 to 2500, where it is no virtual one).",
      valueName: "usd"))
  var hardwareCost: Double?

  @Option(
    help: ArgumentHelp(
      "What the machine rents for, $ per hour, as 2.5 or 2.5/h, electricity included (virtual machines: list prices by vCPU, AWS 2025-03).",
      valueName: "usd"), transform: Self.hourly)
  var rental: Double?

  @Option(
    help: ArgumentHelp(
      "Years the machine is written off over (4, 3 to 6: unverified; servers 5, Amazon and Meta 2025).",
      valueName: "years"))
  var lifeYears: Double?

  @Option(
    help: ArgumentHelp(
      "What it is worth at the end, share of its price (0.1, 0 to 0.3: unverified).",
      valueName: "share"))
  var residual: Double?

  @Option(
    help: ArgumentHelp(
      "Cost of capital a year (0.08, 0 to 0.12: unverified).", valueName: "share"))
  var costOfCapital: Double?

  @Option(
    help: ArgumentHelp(
      "Maintenance and spares a year, share of the price (0.05, 0.02 to 0.1: unverified).",
      valueName: "share"))
  var maintenance: Double?

  @Option(
    help: ArgumentHelp(
      "Share of the on-time spent on useful work (0.3, 0.05 to 0.8: fleets idle at 5 %, CCF assumes 50 % CPU). decide computes it from the traffic.",
      valueName: "share"))
  var utilisation: Double?

  @Option(
    help: ArgumentHelp("Share of all hours the machine is on or rented (1).", valueName: "share"))
  var onShare: Double?

  @Option(
    help: ArgumentHelp(
      "Power usage effectiveness, 1 or more (1: no cooling; data centres 1.54, Uptime 2025).",
      valueName: "ratio"))
  var pue: Double?

  @Option(
    help: ArgumentHelp(
      "Colocation, $ a kW and month of the most it draws (none; 150 to 250, CBRE 2024-25).",
      valueName: "usd"))
  var colocation: Double?

  @Option(
    help: ArgumentHelp("Hours of work a month to keep it running (0).", valueName: "hours"))
  var staffHours: Double?

  @Option(help: ArgumentHelp("What such an hour costs, $.", valueName: "usd"))
  var staffRate: Double?

  @Option(help: ArgumentHelp("Whatever else it costs, $ a month (0).", valueName: "usd"))
  var fixedCost: Double?

  @Option(
    help: ArgumentHelp(
      "What a cached input token costs of a computed one (0: the prefix stays in memory).",
      valueName: "share"))
  var cachedCost: Double?

  @Option(
    help: ArgumentHelp(
      "Grid whose carbon counts, as USA, DEU, US-Texas or g/kWh (USA 2023, Norway to India: Our World in Data).",
      valueName: "grid"))
  var grid: String?

  @Option(
    help: ArgumentHelp(
      "Carbon of the machine's making, kg CO2e (not counted; a server 5700, EcoLogits).",
      valueName: "kg"))
  var embodiedCarbon: Double?

  @Option(
    name: .customLong("prices"),
    help: ArgumentHelp(
      "A price table beside the built-in one and those in prices of the user's data folder: ours, LiteLLM's or OpenRouter's; later dates win. May be repeated.",
      valueName: "file"))
  var priceFiles: [String] = []

  @Option(
    help: ArgumentHelp(
      "tickets, assistant, agent, chat, summaries, or in:out[:cached] (3:1, chat where a request's length matters).",
      valueName: "name"))
  var workload: String?

  /// Money an hour, with or without saying that it is.
  @Sendable private static func hourly(_ text: String) throws -> Double {
    let ending = ["/hour", "/h"].first { text.hasSuffix($0) } ?? ""
    guard let value = Double(text.dropLast(ending.count)) else {
      throw ValidationError("must be $ an hour, as 2.5 or 2.5/h")
    }
    return value
  }

  func settings() throws -> CostSettings {
    var settings = CostSettings()
    settings.usdPerKWh = pricePerKwh
    settings.hardwareUsd = hardwareCost
    settings.rentalUsdPerHour = rental
    settings.lifeYears = lifeYears
    settings.utilisation = utilisation
    settings.pue = pue
    settings.residualShare = residual
    settings.costOfCapital = costOfCapital
    settings.maintenanceShare = maintenance
    settings.onShare = onShare
    settings.cachedInputShare = cachedCost
    settings.colocationUsdPerKW = colocation
    settings.staffHoursPerMonth = staffHours
    settings.staffUsdPerHour = staffRate
    settings.fixedUsdPerMonth = fixedCost
    settings.grid = grid
    settings.embodiedKilograms = embodiedCarbon
    if let workload { settings.mix = try TokenWorkload(flag: workload).mix }
    try settings.validate()
    return settings
  }
}
