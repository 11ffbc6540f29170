// llama-batched-bench (llama.cpp), --output-format jsonl: a line for each prompt, length and batch.

import Measurement
import Models
import StrictJSON

enum LlamaBatchedBench {
  static func recognises(_ value: JSONValue) -> Bool {
    value["pp"] != nil && value["tg"] != nil && value["pl"] != nil && value["t_pp"] != nil
  }

  static func run(_ rows: [Node], _ hints: ImportHints) throws(DataError) -> ImportedRun {
    var run = ImportedRun(tool: "llama-batched-bench")
    run.model = hints.model ?? "unknown"
    if hints.model == nil {
      run.warn("model_unknown", "the file does not name the model: --model does")
    }
    run.warn(
      "one_token_fed",
      "feeds one token everywhere, which wakes the same experts again and again: a text's tokens "
        + "touch more")
    run.warn("no_samples", "one repetition of each test, so there is no interval")
    for row in rows { try add(row, to: &run) }
    return run
  }

  private static func add(_ row: Node, to run: inout ImportedRun) throws(DataError) {
    let prompt = try row.member("pp").tokens()
    let generated = try row.member("tg").tokens()
    let sequences = try row.member("pl").tokens()
    guard sequences >= 1, sequences <= 1 << 20 else {
      throw try row.member("pl").fault(.outOfRange("\(sequences)", rule: "is no plausible batch"))
    }
    // A shared prompt is worked through once.
    let isShared = row.value["is_pp_shared"].map { $0.bool ?? ($0.int != 0) } ?? false
    run.threads = run.threads ?? row.whole("n_threads")
    if prompt > 0, let seconds = try row.optionalSeconds("t_pp") {
      let batch = isShared ? 1 : sequences
      let tokens = prompt * batch
      // Times are printed to a microsecond.
      try Agreement.check(
        row, "speed_pp", against: Double(tokens) / seconds, slack: 1e-6 / seconds)
      run.tests.append(
        ImportedTest(
          label: label("pp\(prompt)", batch), phase: .prefill, promptTokens: prompt, batch: batch,
          samples: [.init(seconds: seconds, tokens: tokens)], record: row.value))
    }
    if generated > 0, let seconds = try row.optionalSeconds("t_tg") {
      let tokens = generated * sequences
      try Agreement.check(
        row, "speed_tg", against: Double(tokens) / seconds, slack: 1e-6 / seconds)
      let depth = prompt > 0 ? " @ d\(prompt)" : ""
      run.tests.append(
        ImportedTest(
          label: label("tg\(generated)", sequences) + depth, phase: .decode,
          generatedTokens: generated, depth: prompt, batch: sequences,
          samples: [.init(seconds: seconds, tokens: tokens)], record: row.value))
    }
  }

  private static func label(_ size: String, _ batch: Int) -> String {
    batch > 1 ? "\(size) b\(batch)" : size
  }
}
