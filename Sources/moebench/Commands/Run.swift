// moebench run: measure prefill and decode, energy, cost; set API prices beside them.

import Analysis
import ArgumentParser
import CostModel
import Inference
import Measurement
import Models
import Reports
import StrictJSON
import Targets

struct Run: ParsableCommand {
  static let defaultModel = "granite-3.1-1b-a400m"

  static let configuration = CommandConfiguration(
    abstract: "Measure a model on this machine and price it.",
    discussion:
      "LIST is llama-bench's grammar: 1,2,4 or 1-8+1 or 1-16*2. A catalogue name means synthetic weights of the true shape."
  )

  @Argument(help: "A Hugging Face directory, a .gguf file or a catalogue name.")
  var model = Run.defaultModel

  @OptionGroup(title: "What to measure") var grid: GridOptions
  @OptionGroup(title: "How the model is run") var engine: EngineOptions
  @OptionGroup(title: "How the model is run") var peer: PeerOptions
  @OptionGroup(title: "What it costs") var cost: CostOptions
  @OptionGroup(title: "Where results go") var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "A run as JSON, or a result that embeds one: it is repeated; options given here win.",
      valueName: "file"))
  var plan: String?

  mutating func run() throws {
    if let plan {
      var repeated = try planned(plan)
      return try repeated.run()
    }
    let environment = Environment.current()
    let expanded = try grid.plan(environment)
    let settings = try cost.settings()
    let writer = try output.writer()
    var session = RunSession(
      plan: expanded, environment: environment, settings: settings,
      meters: try Metering(cost.meter, watts: cost.watts, environment),
      progress: Progress(quiet: output.quiet), pricing: try Pricing(cost.priceFiles))
    session.peer = try peer.peer(model: model)
    Interruption.install()
    var report = try session.run(
      ModelSource(model, needsWeights: !engine.synthetic), engine)
    report.plan = RunPlan.document(of: self, expanded)
    // Kept before it is shown: a full disk or a closed pipe loses nothing.
    Keeping.keep(try StoredResult(report), unless: output.noHistory)
    try writer.write(report)
    if let status = Interruption.status { Failure.terminate(status) }
    if let failure = session.failure { throw failure }
  }
}
