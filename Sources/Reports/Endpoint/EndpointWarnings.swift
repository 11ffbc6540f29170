// What a reader must know of a measured server before believing its figures.

import Measurement

extension EndpointReport {
  /// From the requests alone.
  public var requestWarnings: [RunReport.Warning] {
    let all = levels.flatMap(\.measured)
    var warnings: [RunReport.Warning] = []
    func add(_ code: String, _ message: String) {
      warnings.append(.init(code: code, message: message))
    }
    func count(_ flag: ServedRequest.Flag) -> Int { all.count { $0.flags.contains(flag) } }
    if status == .interrupted {
      add(
        "interrupted",
        Interruption.words(done: counts.done, planned: counts.planned, of: "requests"))
    }
    for level in judged where !level.isValid {
      let share = level.failureShare.map(Number.percent) ?? "all"
      add(
        "too_many_failures",
        "\(level.arrivals.label): \(share) of the requests failed; its figures stand for nothing")
    }
    for (flag, sentence) in Self.sentences where count(flag) > 0 {
      add(flag.rawValue, "\(count(flag)) of \(all.count) replies: \(sentence)")
    }
    if count(.otherModel) > 0 {
      let names = modelsNamed.map { $0.quotedName }.joined(separator: ", ")
      add("model_mismatch", "asked for \(service.model.quotedName), the replies name \(names)")
    }
    let cut = all.count { $0.failure?.code == "endless" }
    if cut > 0 {
      add("endless", "\(cut) replies went on past twice the tokens asked for and were cut off")
    }
    let retries = all.reduce(0) { $0 + $1.retries }
    if retries > 0 {
      add("retries", "\(retries) retries after 429 or 503; their waits are in no latency")
    }
    let cached = levels.filter { !$0.repeatsPrompts }.flatMap(\.succeeded).count { $0.isCached }
    if cached > 0 {
      add(
        "prompt_cache",
        "\(cached) prompts were answered from the server's cache; they are in no prefill rate")
    }
    return warnings
  }

  private static let sentences: [(ServedRequest.Flag, String)] = [
    (.notStreamed, "not streamed: all text came at once, so there is no time between tokens"),
    (
      .usageDisagrees,
      "usage disagrees with the stream by more than 5 %; chunks were counted instead"
    ),
    (.noUsage, "no usage: output tokens are estimated from chunks"),
    (.otherChoices, "more than one choice, though one was asked for; the first is counted"),
    (.short, "fewer tokens than asked for; the actual count is used (--ignore-eos asks for all)"),
    (.tooManyTokens, "more tokens than were asked for"),
    (.noTokens, "no token at all; they are in no rate"),
    (.tooFastToMeasure, "too fast to measure: all tokens within 10 ms"),
  ]
}

extension String {
  fileprivate var quotedName: String { "\"\(self)\"" }
}
