// moebench import: other tools' results as moebench results, priced.

import ArgumentParser
import Import
import Models
import Reports
import StrictJSON

enum ImportFormat: String, ExpressibleByArgument, CaseIterable { case table, json, jsonl }

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Turn other tools' results into moebench results, and price them.",
    discussion:
      "Reads llama-bench (json, jsonl, csv, md, sql), llama-batched-bench (jsonl), vllm bench serve, throughput and latency (json), GuideLLM (json) and AIPerf (json, jsonl). The results go where others go: cost, decide, compare, report."
  )

  @Argument(help: "Files of those tools.") var files: [String]

  @Option(help: ArgumentHelp("What the model is, where the file does not say.", valueName: "name"))
  var model: String?
  @Option(help: "Prompt tokens of each request, where the file does not say.")
  var promptTokens: Int?
  @Option(help: "Generated tokens of each request, where the file does not say.")
  var genTokens: Int?
  @Option(help: "Requests worked on together, where the file does not say.") var batch: Int?

  @OptionGroup(title: "What it costs") var cost: CostOptions

  @Option(name: [.customShort("o"), .long], help: "Format: table, json or jsonl.")
  var output = ImportFormat.table
  @Option(help: ArgumentHelp("File for the output instead of standard output.", valueName: "file"))
  var outputFile: String?
  @Flag(help: "Do not keep the results in the history.") var noHistory = false

  mutating func run() throws {
    let hints = try hints()
    if let outputFile { try AtomicFile.probe(outputFile) }
    let importer = Importer(
      hints, converter: Tool.description.json, catalogue: try Catalogue.builtIn)
    let pricing = try Pricing(cost.priceFiles)
    var results: [RepricedResult] = []
    for path in files {
      let file = ResultFile.name(path)
      let bytes = try ResultFile.bytes(path, limit: Importer.limit)
      for document in try importer.documents(bytes, file: file) {
        results.append(try pricing.repriced(StoredResult(document, file: file), cost))
      }
    }
    let content = try content(results)
    // Kept before they are shown: a full disk or a closed pipe loses nothing.
    for result in results {
      Keeping.keep(
        try StoredResult(result.document, file: result.result.file), unless: noHistory)
    }
    try write(content)
  }

  private func hints() throws -> ImportHints {
    for (name, value) in [
      ("--prompt-tokens", promptTokens), ("--gen-tokens", genTokens), ("--batch", batch),
    ] {
      if let value, !(1...(1 << 30)).contains(value) {
        throw Failure(.usage, "\(name) \(value): must be from 1 to \(1 << 30)")
      }
    }
    return ImportHints(
      model: model, promptTokens: promptTokens, generatedTokens: genTokens, batch: batch)
  }

  private func write(_ content: String) throws {
    guard let outputFile else { return Output.standard(content) }
    try AtomicFile.write(outputFile, Array(content.utf8))
  }

  private func content(_ results: [RepricedResult]) throws -> String {
    let style = outputFile == nil ? Output.style : .plain
    switch output {
    case .table:
      return results.map { $0.result.measurements(style) + "\n" + $0.text(style) }
        .joined(separator: "\n")
    case .json:
      guard results.count == 1 else {
        throw Failure(
          .usage,
          "-o json holds one result, and these are \(results.count): -o jsonl holds them all")
      }
      return try results[0].document.text(pretty: true)
    case .jsonl:
      return try results.map { try $0.document.text() + "\n" }.joined()
    }
  }
}
