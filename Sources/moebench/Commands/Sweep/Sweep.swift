// moebench sweep: one experiment on active versus total, with cost.

import Analysis
import ArgumentParser
import CostModel
import Inference
import Measurement
import Models
import Reports
import StrictJSON

extension SweepKind: ExpressibleByArgument {}

struct Sweep: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Vary one thing of a model and measure what it costs.",
    discussion: """
      top-k: experts a token. batch: sequences together. experts: experts in all, as many a token. \
      routing: how tokens fall on experts. format: weight formats. dense: the mixture beside dense \
      models of its active and its total size. Weights are synthetic, of the model's true shape; \
      forms of it are measured in alternation.
      """)

  @Argument(
    help: "Which experiment: \(SweepKind.allCases.map(\.rawValue).joined(separator: ", ")).")
  var kind: SweepKind

  @Argument(help: "A catalogue name, a folder with config.json or a .gguf file.")
  var model = Run.defaultModel

  @OptionGroup(title: "What to measure") var options: SweepOptions
  @OptionGroup(title: "What it costs") var cost: CostOptions
  @OptionGroup(title: "Where it goes") var output: DocumentOptions

  @Flag(help: "No progress on standard error.")
  var quiet = false

  mutating func run() throws {
    let environment = Environment.current()
    let settings = try cost.settings()
    let source = try ModelSource(model, needsWeights: false)
    let design = try SweepDesign(kind, source, options, environment)
    try output.probe()
    var session = SweepSession(
      design: design, plan: try options.plan(environment, design), environment: environment,
      settings: settings, meters: try Metering(cost.meter, watts: cost.watts, environment),
      progress: Progress(quiet: quiet), pricing: try Pricing(cost.priceFiles))
    Interruption.install()
    let report = try session.run()
    try output.write(text: report.text, json: { report.json })
    if let status = Interruption.status { Failure.terminate(status) }
    if let failure = session.failure { throw failure }
  }
}

/// Sizes and forms of an experiment.
struct SweepOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What to vary over, instead of the experiment's own choice: 1,2,4 for top-k, batch and experts; q8_0,q4_0 for format; uniform,zipf:1,single,trace:FILE for routing.",
      valueName: "list"))
  var points: String?

  @Option(name: [.customShort("p"), .long], help: "Tokens of the prompt; 0 leaves prefill out.")
  var promptTokens = 256

  @Option(name: [.customShort("n"), .long], help: "Tokens to decode.")
  var genTokens = 32

  @Option(name: [.short, .long], help: "Tokens already in the cache.")
  var depth = 0

  @Option(
    name: [.short, .long],
    help: "Sequences decoded together (default: 1; 16 for routing, which one alone cannot show).")
  var batch: Int?

  @Option(name: [.short, .long], help: "Threads (default: physical cores).")
  var threads: Int?

  @Option(name: [.short, .long], help: "Repetitions of each test.")
  var repetitions = 5

  @Option(help: "Untimed runs of each test before, or auto: until the rate is stable.")
  var warmup = "auto"

  @Option(help: "Seed of synthetic weights, random tokens and the order of repetitions.")
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Weight format.", valueName: "format"))
  var weights = "q8_0"

  @Option(
    help: ArgumentHelp(
      "Measure this many layers, every kind among them, and extrapolate (default: all that fit).",
      valueName: "count"))
  var layers: Int?

  @Option(
    help: ArgumentHelp("Instruction set (default: the best this machine has).", valueName: "name"))
  var isa: String?

  func validate() throws {
    for (flag, value, range) in [
      ("--prompt-tokens", promptTokens, 0...(1 << 20)), ("--gen-tokens", genTokens, 1...(1 << 20)),
      ("--depth", depth, 0...(1 << 20)), ("--batch", batch ?? 1, 1...1024),
      ("--threads", threads ?? 1, 1...1024),
    ] where !range.contains(value) {
      throw ValidationError(
        "\(flag) \(value): must be between \(range.lowerBound) and \(range.upperBound)")
    }
  }

  func plan(_ environment: Environment, _ design: SweepDesign) throws -> Plan {
    Plan(
      promptTokens: [design.kind == .batch ? 0 : promptTokens], generatedTokens: [genTokens],
      depths: [depth], batches: design.batches,
      threads: [threads ?? environment.usableThreads],
      repetitions: repetitions, warmUp: try GridOptions.warmUp(warmup), seed: seed,
      variants: design.variants)
  }
}
