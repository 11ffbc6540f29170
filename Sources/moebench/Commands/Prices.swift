// moebench prices: the dated price catalogue; checks and converts other tables.

import ArgumentParser
import Models
import Reports
import StrictJSON

struct Prices: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List API prices, check a price table, or convert another project's.",
    subcommands: [List.self, Check.self, Import.self], defaultSubcommand: List.self)

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The prices that hold today; claims are marked and never used as prices.")

    @Flag(help: "Past prices and claims too.")
    var all = false

    @Option(
      name: .customLong("prices"),
      help: ArgumentHelp(
        "A price table beside the built-in one and your own in prices of the data folder; later dates win. May be repeated.",
        valueName: "file"))
    var files: [String] = []

    @OptionGroup var output: DocumentOptions

    mutating func run() throws {
      try output.probe()
      let tables = try Pricing.tables(files)
      let today = try Pricing.today()
      let book = PriceBook(tables)
      for conflict in book.resolve(on: today).conflicts {
        Output.error("moebench: warning: \(PriceList.line(conflict))\n")
      }
      let rows = all ? tables.flatMap(\.rows) : book.resolve(on: today).rows
      let list = PriceList(rows: rows, day: today)
      try output.write(text: list.text, json: { list.json })
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check a table: ours, LiteLLM's price map or OpenRouter's model list.")

    @Argument(help: "The file.") var file: String

    mutating func run() throws {
      let read = try Pricing.read(file)
      let book = PriceBook([try PriceTable.builtIn, read.table])
      let today = try Pricing.today()
      let conflicts = book.resolve(on: today).conflicts
      Output.standard(PriceList.account(of: read, conflicts: conflicts, on: today))
    }
  }

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Convert a table to moebench.prices/1, on standard output or into a file.")

    @Argument(help: "The file.") var file: String

    @Option(help: ArgumentHelp("File for the table.", valueName: "file"))
    var outputFile: String?

    mutating func run() throws {
      if let outputFile { try AtomicFile.probe(outputFile) }
      let read = try Pricing.read(file)
      for skipped in read.skipped {
        Output.error("skipped \(skipped.path.safeForTerminal): \(skipped.reason.safeForTerminal)\n")
      }
      let bytes = try read.table.json.utf8(pretty: true)
      guard let outputFile else { return Output.standard(String(decoding: bytes, as: UTF8.self)) }
      try AtomicFile.write(outputFile, bytes)
    }
  }
}
