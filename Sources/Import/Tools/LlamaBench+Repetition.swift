// What one repetition of a llama-bench that was started for it printed.

import Models

/// One measured repetition.
package struct LlamaBenchRepetition: Sendable, Equatable {
  package let promptTokens: Int
  package let generatedTokens: Int
  package let depth: Int
  package let threads: Int?
  package let seconds: Double
  /// Build number and commit; nil where the build does not tell.
  package let version: String?
  package let backends: String?

  package static let outputLimit = 4 << 20

  /// - Parameters:
  ///   - output: Standard output of `llama-bench -r 1 -o jsonl` with one test.
  ///   - file: The program, for messages.
  /// - Throws: `DataError` where it is not one test of one sample, or contradicts itself.
  package init(parsing output: [UInt8], file: String) throws(DataError) {
    let rows = try Importer.documents(in: output, file: file)
    guard rows.count == 1, let row = rows.first, LlamaBench.recognises(row.value) else {
      throw DataError(
        file: file, path: "",
        rule: .outOfRange("its output", rule: "is not one test in llama-bench's JSON"))
    }
    let run = try LlamaBench.runs(rows, ImportHints()).first
    guard let run, let test = run.tests.first, run.tests.count == 1, test.samples.count == 1,
      let sample = test.samples.first
    else {
      throw DataError(
        file: file, path: "",
        rule: .outOfRange("its output", rule: "is not one repetition of one phase"))
    }
    promptTokens = test.promptTokens
    generatedTokens = test.generatedTokens
    depth = test.depth
    threads = test.threads
    seconds = sample.seconds
    version = run.toolVersion
    backends = row.text("backends")
  }
}
