// moebench report: one self-contained page about stored results.

import Analysis
import ArgumentParser
import CostModel
import Models
import Reports
import StrictJSON

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a self-contained HTML page with charts about results.")

  @Argument(help: "Results in JSON.") var results: [String]

  @Option(help: ArgumentHelp("The page.", valueName: "file.html")) var output: String

  @Option(
    help: ArgumentHelp(
      "Tokens over time, as 5M/day (default: what the assumed utilisation makes of the machine).",
      valueName: "traffic"))
  var traffic: String?

  @Option(help: "Machines at hand.") var machines = 1

  @OptionGroup(title: "What it costs") var cost: CostOptions

  mutating func run() throws {
    guard !results.isEmpty else { throw Failure(.usage, "report: needs a result") }
    guard machines >= 1 else { throw Failure(.usage, "--machines \(machines): must be at least 1") }
    func whole(_ path: String) -> String {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
    guard !results.contains(where: { whole($0) == whole(output) }) else {
      throw Failure(.usage, "--output \(output): would overwrite a result")
    }
    let wanted = try traffic.map { try Traffic(parsing: $0) }
    try AtomicFile.probe(output)
    let pricing = try Pricing(cost.priceFiles)
    let entries = try results.map { try entry($0, wanted, pricing) }
    let page = ResultPage(
      entries, toolVersion: Tool.version, madeAt: Date().formatted(.iso8601),
      trafficIsGiven: wanted != nil)
    try AtomicFile.write(output, Array(page.html().utf8))
  }

  private func entry(_ path: String, _ wanted: Traffic?, _ pricing: Pricing) throws
    -> ResultPage.Entry
  {
    let workload = try TokenWorkload(flag: cost.workload ?? "chat")
    let repriced = try pricing.repriced(ResultFile.read(path), cost)
    guard let traffic = try wanted ?? assumedTraffic(repriced.cost) else {
      return ResultPage.Entry(
        repriced, advice: nil,
        adviceReason: "Nothing can be decided: \(repriced.cost.reason ?? "the cost is not known")"
          + (repriced.cost.lacksPower ? "; --watts LOW,BEST,HIGH supplies the power." : "."))
    }
    var question = Question(workload: workload, traffic: traffic)
    question.machines = machines
    do {
      let advice = try Advice(
        question, cost: repriced.cost, quotes: pricing.quotes(for: repriced.result),
        scenarios: Scenario.builtIn)
      return ResultPage.Entry(
        repriced, advice: AdviceReport(repriced.result, advice: advice), adviceReason: nil)
    } catch let error as AdviceError {
      return ResultPage.Entry(repriced, advice: nil, adviceReason: error.description)
    }
  }

  /// The share of the capacity that the costs assume is used.
  private func assumedTraffic(_ cost: RunCost) throws -> Traffic? {
    let assumptions = cost.basis.assumptions.best
    guard let line = assumptions.costLine(of: cost.mix, cost.throughput.best) else { return nil }
    return try Traffic(
      millionTokensPerMonth: line.capacityMillionTokensPerMonth * assumptions.utilisation)
  }
}
