// moebench cost: a stored result under other assumptions.

import ArgumentParser
import Reports

struct Cost: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Price a stored or imported result again under other assumptions.",
    discussion:
      """
      What was given when the result was priced, as --rental, holds until it is given anew; what was assumed then is \
      assumed anew.
      """)

  @Argument(help: "A result in JSON, as moebench run -o json writes it.")
  var result: String

  @OptionGroup(title: "What it costs") var cost: CostOptions
  @OptionGroup(title: "Where it goes") var output: DocumentOptions

  mutating func run() throws {
    try output.probe()
    let repriced = try Pricing(cost.priceFiles).repriced(ResultFile.read(result), cost)
    try output.write(text: repriced.text, json: { repriced.json })
  }
}
