// moebench endpoint: measure a running OpenAI-compatible server and price it.

import ArgumentParser
import Endpoint
import Measurement
import Reports
import StrictJSON

struct EndpointCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "endpoint",
    abstract: "Measure a running OpenAI-compatible server and price it.",
    discussion:
      "URL ends in /v1. A server elsewhere is priced by --rental or --hardware-cost of each of --nodes."
  )

  @Argument(help: "Base URL, such as http://127.0.0.1:8000/v1.")
  var url: String

  @OptionGroup(title: "How the server is asked") var service: ServiceOptions
  @OptionGroup(title: "Under what load") var load: LoadOptions

  @Option(help: "Machines that the server runs on; costs and given watts are of each.")
  var nodes = 1

  @OptionGroup(title: "What it costs") var cost: CostOptions
  @OptionGroup(title: "Where results go") var output: OutputOptions

  mutating func run() throws {
    let address = try EndpointAddress(url)
    guard (1...StoredResult.mostNodes).contains(nodes) else {
      throw Failure(.usage, "--nodes \(nodes): must be from 1 to \(StoredResult.mostNodes)")
    }
    let session = try EndpointSession(
      address: address, service: service, load: load, nodes: nodes, cost: cost,
      progress: Progress(quiet: output.quiet))
    let writer = try output.writer()
    Interruption.install()
    let report = try session.run()
    if let reason = Self.neverConnected(report) { throw EndpointError.unreachable(reason) }
    // Kept before it is shown: a full disk or a closed pipe loses nothing.
    if report.levels.contains(where: { !$0.succeeded.isEmpty }) {
      Keeping.keep(try StoredResult(report.json, file: "this run"), unless: output.noHistory)
    }
    try writer.write(report)
    if let status = Interruption.status { Failure.terminate(status) }
    guard report.levels.contains(where: { !$0.succeeded.isEmpty }) else {
      throw Failure(.unavailable, Self.allFailed(report))
    }
  }

  /// Where nobody listens there is nothing to report.
  private static func neverConnected(_ report: EndpointReport) -> String? {
    let failures = report.levels.flatMap(\.requests).map(\.failure)
    let isSo =
      !failures.isEmpty
      && failures.allSatisfy { $0?.isConnection ?? false }
    guard isSo, let message = failures.first??.message else { return nil }
    return "\(report.service.url): \(message)"
  }

  private static func allFailed(_ report: EndpointReport) -> String {
    let first =
      report.levels.flatMap(\.requests).compactMap(\.failure?.message).first
      ?? "no request was sent"
    return "\(report.service.url): no request succeeded: \(first)"
  }
}
