// moebench compare: is the second result faster or slower than the first?

import ArgumentParser
import Reports

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare two results test by test; exit 1 on a regression.",
    discussion:
      """
      A difference is claimed where the 99 % interval of the ratio leaves out 1 and it is above 2 %. With the noise \
      of two virtual cores, runs drawn by simulation show a loss of 10 % in 16 of 20 comparisons with 5 repetitions, the \
      default, and in 19 of 20 with 10 (-r 10); where less could be seen, it is said.
      """)

  @Argument(help: "The baseline, a result in JSON.") var baseline: String
  @Argument(help: "The candidate, a result in JSON.") var candidate: String
  @OptionGroup var options: CompareOptions

  mutating func run() throws {
    try options.compare({ try ResultFile.read(baseline) }, { try ResultFile.read(candidate) })
  }
}

/// Comparing, wherever the results come from.
struct CompareOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Smallest loss that counts as a regression, as 5% or 0.05.", valueName: "x"))
  var threshold = "5%"

  @OptionGroup var output: DocumentOptions

  /// Ends the process with status 1 where the candidate is worse beyond the threshold.
  func compare(
    _ baseline: () throws -> StoredResult, _ candidate: () throws -> StoredResult
  ) throws {
    let limit = try share()
    try output.probe()
    let comparison = ResultComparison(
      baseline: try baseline(), candidate: try candidate(), threshold: limit)
    guard !comparison.rows.isEmpty else {
      throw Failure(
        .badData,
        "\(comparison.baseline.file) and \(comparison.candidate.file) have no measured test in common"
      )
    }
    for warning in comparison.warnings {
      Output.error("moebench: warning: \(warning.safeForTerminal)\n")
    }
    try output.write(text: comparison.text, json: { comparison.json })
    if !comparison.regressions.isEmpty { Failure.terminate(.regression) }
  }

  private func share() throws -> Double {
    let value =
      threshold.hasSuffix("%")
      ? Double(threshold.dropLast()).map { $0 / 100 } : Double(threshold)
    guard let value, value.isFinite, value >= 0, value < 10 else {
      throw Failure(
        .usage, "--threshold \(threshold.prefix(40)): must be a share such as 5% or 0.05")
    }
    return value
  }
}
