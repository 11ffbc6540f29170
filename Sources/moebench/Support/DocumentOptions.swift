// Where a derived document goes: words or JSON, standard output or a file.

import ArgumentParser
import Reports
import StrictJSON

enum DocumentFormat: String, ExpressibleByArgument, CaseIterable { case table, json }

struct DocumentOptions: ParsableArguments {
  @Option(name: [.customShort("o"), .long], help: "Format: table or json.")
  var output = DocumentFormat.table

  @Option(help: ArgumentHelp("File for the output instead of standard output.", valueName: "file"))
  var outputFile: String?

  /// Finds out before any work whether the file can be written.
  func probe() throws { if let outputFile { try AtomicFile.probe(outputFile) } }

  func write(text: (Style) -> String, json: () -> JSONValue) throws {
    let content =
      switch output {
      case .table: text(outputFile == nil ? Output.style : .plain)
      case .json: try json().text(pretty: true)
      }
    guard let outputFile else { return Output.standard(content) }
    try AtomicFile.write(outputFile, Array(content.utf8))
  }
}
