// moebench prices: the dated price catalogue; checks and converts other tables.

import ArgumentParser
import Models
import Reports
import StrictJSON

struct Prices: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List API prices, check a price table, or convert another project's.",
    subcommands: [List.self, Check.self, Import.self], defaultSubcommand: List.self)

  /// Larger than any price list at hand by an order of magnitude.
  private static let limit = 64 << 20

  private static func read(_ file: String) throws -> PriceImport {
    try PriceImport(
      parsing: ResultFile.bytes(file, limit: limit), file: ResultFile.name(file),
      seen: Pricing.today())
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The prices that hold today; claims are marked and never used as prices.")

    @Flag(help: "Past prices and claims too.")
    var all = false

    @OptionGroup var output: DocumentOptions

    mutating func run() throws {
      try output.probe()
      let table = try PriceTable.builtIn
      let today = try Pricing.today()
      let rows =
        all ? table.rows : PriceBook([table]).resolve(on: today).rows
      let list = PriceList(rows: rows, day: today)
      try output.write(text: list.text, json: { list.json })
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check a table: ours, LiteLLM's price map or OpenRouter's model list.")

    @Argument(help: "The file.") var file: String

    mutating func run() throws {
      let read = try Prices.read(file)
      let book = PriceBook([try PriceTable.builtIn, read.table])
      let conflicts = book.resolve(on: try Pricing.today()).conflicts
      Output.standard(PriceList.account(of: read, conflicts: conflicts))
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
      let read = try Prices.read(file)
      for skipped in read.skipped {
        Output.error("skipped \(skipped.path.safeForTerminal): \(skipped.reason.safeForTerminal)\n")
      }
      let bytes = try read.table.json.utf8(pretty: true)
      guard let outputFile else { return Output.standard(String(decoding: bytes, as: UTF8.self)) }
      try AtomicFile.write(outputFile, bytes)
    }
  }
}
