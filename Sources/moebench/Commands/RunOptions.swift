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
    Plan(
      promptTokens: try ListGrammar.parse(
        promptTokens, flag: "--prompt-tokens", bounds: 0...(1 << 20)),
      generatedTokens: try ListGrammar.parse(
        genTokens, flag: "--gen-tokens", bounds: 0...(1 << 20)),
      depths: try ListGrammar.parse(depth, flag: "--depth", bounds: 0...(1 << 20)),
      batches: try ListGrammar.parse(batch, flag: "--batch", bounds: 1...1024),
      threads: try ListGrammar.parse(
        threads ?? String(environment.usableThreads), flag: "--threads", bounds: 1...1024),
      repetitions: repetitions, warmUp: try warmUp(warmup), seed: seed)
  }

  /// `--warmup`.
  static func warmUp(_ warmup: String) throws -> WarmUp {
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
