// moebench: should I self-host this mixture-of-experts model on this machine, or pay the API?

import ArgumentParser

@main
struct Moebench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "moebench",
    abstract:
      "Measures what a mixture-of-experts model costs on this machine, beside what its API costs.",
    version: "0.1.0",
    subcommands: [Logits.self])
}
