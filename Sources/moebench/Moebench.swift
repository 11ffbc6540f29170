// moebench: should I self-host this mixture-of-experts model on this machine, or pay the API?

import ArgumentParser

struct Moebench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "moebench",
    abstract:
      "Measures what a mixture-of-experts model costs on this machine, beside what its API costs.",
    discussion:
      "Without arguments: measures the shape of \(Run.defaultModel) with synthetic weights and prices it.",
    version: Tool.versionLine,
    subcommands: [
      Run.self, EndpointCommand.self, Decide.self, Cost.self, Compare.self, HistoryCommand.self,
      ImportCommand.self, Report.self, Prices.self, ModelsCommand.self, EstimateCommand.self,
      Sweep.self, Machine.self, DoctorCommand.self, Calibrate.self, Inspect.self, Logits.self,
      Tokenize.self, Generate.self,
    ],
    defaultSubcommand: Run.self)
}

@main
enum Main {
  static func main() {
    Interruption.ignoreWriteSignals()
    Interruption.install()
    do {
      var command = try Moebench.parseAsRoot()
      try command.run()
    } catch {
      Failure.exit(error)
    }
  }
}
