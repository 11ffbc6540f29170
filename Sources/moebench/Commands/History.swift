// moebench history: the runs that were kept, listed, shown, given back, compared.

import ArgumentParser
import History
import Reports
import StrictJSON

struct HistoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "List, show, export and compare the runs that were kept.",
    discussion:
      "Runs are kept in $MOEBENCH_HISTORY, or moebench/history.sqlite of the XDG data folder. RUN is a number of the list, last, or last~2.",
    subcommands: [
      HistoryList.self, HistoryShow.self, HistoryExport.self, HistoryCompare.self,
      HistoryCheck.self,
    ],
    defaultSubcommand: HistoryList.self)
}

/// A store that is there already: looking makes none.
enum OpenHistory {
  static func store() throws -> HistoryStore {
    let path = try HistoryPlace.path()
    guard HistoryPlace.exists(path) else {
      throw Failure(.noInput, HistoryError(path, .empty).description)
    }
    return try HistoryStore(path: path)
  }

  static func result(_ word: String) throws -> StoredResult {
    let store = try store()
    let number = try store.number(named: word)
    return try StoredResult(
      parsing: try store.document(number), file: "history run \(number)")
  }
}

struct HistoryList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The latest runs, newest first.")

  @Option(name: [.customShort("n"), .long], help: "At most so many.") var limit = 20
  @OptionGroup var output: DocumentOptions

  mutating func run() throws {
    guard (1...1_000_000).contains(limit) else {
      throw Failure(.usage, "--limit \(limit): must be from 1 to 1000000")
    }
    try output.probe()
    let found = try OpenHistory.store().list(limit: limit)
    for damage in found.damaged { Output.error("moebench: warning: \(damage)\n") }
    try output.write(
      text: { style in
        let isFull = found.entries.count + found.damaged.count == limit
        return Self.text(found.entries, style)
          + (isFull ? "At most \(limit) are listed; --limit shows more.\n" : "")
      }, json: { Self.json(found.entries, found.damaged) })
  }

  private static func text(_ entries: [HistoryEntry], _ style: Style) -> String {
    var table = TextTable([.right, .left, .left, .left, .left, .left])
    table.add(["run", "started", "model", "engine", "status", "tokens/s"])
    for entry in entries {
      table.add([
        String(entry.number), entry.startedAt.safeForTerminal, entry.model.safeForTerminal,
        entry.engine.safeForTerminal, entry.status.safeForTerminal, entry.summary.safeForTerminal,
      ])
    }
    var lines = table.lines()
    if let first = lines.first { lines[0] = style.bold(first) }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func json(_ entries: [HistoryEntry], _ damaged: [HistoryError]) -> JSONValue {
    [
      "schema": "moebench.history/1",
      "runs": .array(
        entries.map {
          [
            "run": JSONValue(Int($0.number)), "started_at": .string($0.startedAt),
            "model": .string($0.model), "source": .string($0.source),
            "engine": .string($0.engine), "machine": .stringOrNull($0.machine),
            "status": .string($0.status), "summary": .string($0.summary),
            "document_bytes": JSONValue($0.bytes),
          ]
        }),
      "damaged": .array(damaged.map { .string($0.description) }),
    ]
  }
}

struct HistoryShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "One run: what was measured, and what it costs.")

  @Argument(help: "RUN.") var number = "last"
  @OptionGroup(title: "What it costs") var cost: CostOptions
  @OptionGroup(title: "Where it goes") var output: DocumentOptions

  mutating func run() throws {
    try output.probe()
    let repriced = try Pricing(cost.priceFiles).repriced(OpenHistory.result(number), cost)
    try output.write(
      text: { repriced.result.measurements($0) + "\n" + repriced.text($0) },
      json: { repriced.result.document })
  }
}

struct HistoryExport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "One run's document, byte for byte as it was kept.")

  @Argument(help: "RUN.") var number = "last"
  @Option(help: ArgumentHelp("File instead of standard output.", valueName: "file"))
  var outputFile: String?

  mutating func run() throws {
    if let outputFile { try AtomicFile.probe(outputFile) }
    let store = try OpenHistory.store()
    let bytes = try store.document(try store.number(named: number))
    guard let outputFile else { return Output.standard(String(decoding: bytes, as: UTF8.self)) }
    try AtomicFile.write(outputFile, bytes)
  }
}

struct HistoryCompare: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Two runs, as moebench compare does.")

  @Argument(help: "The baseline.") var baseline = "last~1"
  @Argument(help: "The candidate.") var candidate = "last"
  @OptionGroup var options: CompareOptions

  mutating func run() throws {
    try options.compare({ try OpenHistory.result(baseline) }, { try OpenHistory.result(candidate) })
  }
}

struct HistoryCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Check every page and every document of the store.")

  mutating func run() throws {
    let store = try OpenHistory.store()
    let faults =
      try store.integrityFaults() + store.list(limit: 1_000_000).damaged.map(\.description)
    guard let first = faults.first else {
      return Output.standard("\(store.path.safeForTerminal): sound\n")
    }
    let more = faults.count > 1 ? " (and \(faults.count - 1) more)" : ""
    throw Failure(.badData, first + more)
  }
}
