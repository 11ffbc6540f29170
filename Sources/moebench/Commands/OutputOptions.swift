// Where a result goes: a format, and standard output or a file.

import ArgumentParser
import Reports
import StrictJSON

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table, json, jsonl, csv, md, sql
}

struct OutputOptions: ParsableArguments {
  @Option(name: [.customShort("o"), .long], help: "Format of the result.")
  var output = OutputFormat.table

  @Option(help: ArgumentHelp("File for the result instead of standard output.", valueName: "file"))
  var outputFile: String?

  @Flag(help: "No progress on standard error.")
  var quiet = false

  @Flag(help: Keeping.help)
  var noHistory = false

  /// Finds out before measuring whether the file can be written.
  func writer() throws -> ResultWriter {
    if let outputFile { try AtomicFile.probe(outputFile) }
    return ResultWriter(format: output, path: outputFile)
  }
}

struct ResultWriter {
  let format: OutputFormat
  let path: String?

  func write(_ report: EndpointReport) throws {
    let rows = report.rows
    let text =
      switch format {
      case .table: report.text(path == nil ? Output.style : .plain)
      case .json: try report.json.text(pretty: true)
      case .jsonl: try rows.lines
      case .csv: rows.csv
      case .md: rows.markdown
      case .sql: rows.sql
      }
    try write(text)
  }

  func write(_ report: RunReport) throws {
    let text =
      switch format {
      case .table: report.text(path == nil ? Output.style : .plain)
      case .json: try report.json.text(pretty: true)
      case .jsonl: try report.lines
      case .csv: report.csv
      case .md: report.markdown
      case .sql: report.sql
      }
    try write(text)
  }

  private func write(_ text: String) throws {
    guard let path else { return Output.standard(text) }
    try AtomicFile.write(path, Array(text.utf8))
  }
}
