// A server under load, and another engine measured in turn, on the page. Both are shown as the document has them.

import StrictJSON

extension EntrySections {
  /// What a server did at each level of load, failures beside the rates; nil where no server was measured.
  var service: Markup? {
    guard let service = result.document["endpoint"], let levels = service["levels"]?.array,
      !levels.isEmpty
    else { return nil }
    let url = service["url"]?.string ?? "a server"
    let load = Markup.table(
      caption: "\(url)\(result.nodes > 1 ? " on \(result.nodes) nodes" : ""), by level of load.",
      head: [
        "load", "succeeded of sent", "failed", "requests/s", "output tokens/s", "in flight",
        "goodput/s",
      ],
      rows: levels.map { level in
        [
          name(of: level), "\(count(level["succeeded"])) of \(count(level["sent"]))",
          known(level["failure_share"], Number.percent), known(level["requests_per_second"]),
          known(level["output_tokens_per_second"]), known(level["requests_in_flight_mean"]),
          known(level["goodput"]?["requests_per_second"]),
        ]
      }, numeric: [1, 2, 3, 4, 5, 6])
    let latency = Markup.table(
      caption: "Latencies of the requests that succeeded, milliseconds.",
      head: ["load", "", "mean", "p50", "p90", "p99", "n"], rows: levels.flatMap(latencyRows),
      numeric: [2, 3, 4, 5, 6])
    return .section("Under load", [load, latency] + levels.flatMap(complaints))
  }

  private func latencyRows(_ level: JSONValue) -> [[String]] {
    let gaps = level["itl_is_per"]?.string == "chunk" ? "between chunks" : "between tokens"
    let metrics = [
      ("ttft_seconds", "to the first token"), ("tpot_seconds", "per output token"),
      ("itl_seconds", gaps), ("e2e_seconds", "whole request"),
    ]
    return metrics.compactMap { key, title in
      guard let share = level[key], !share.isNull else { return nil }
      let figures = ["mean", "p50", "p90", "p99"].map { point in
        known(share[point]) { Number.short($0 * 1000) }
      }
      return [name(of: level), title] + figures + [count(share["n"])]
    }
  }

  private func complaints(_ level: JSONValue) -> [Markup] {
    let failures = (level["failures"]?.array ?? []).map { failure in
      "\(name(of: level)): \(count(failure["count"])) failed: \(failure["example"]?.string ?? "no reason was kept")"
    }
    let stopped = level["stopped"]?.string.map { ["\(name(of: level)): stopped: \($0)"] } ?? []
    return (failures + stopped).map(Markup.paragraph)
  }

  private func name(of level: JSONValue) -> String { level["label"]?.string ?? "?" }

  /// The other engine's speed and the ratio; nil where none was measured.
  var peer: Markup? {
    guard let peer = result.document["peer"], let tests = peer["tests"]?.array, !tests.isEmpty
    else { return nil }
    let name = peer["name"]?.string ?? "another engine"
    let about = [peer["version"]?.string, peer["backends"]?.string].compactMap { $0 }
    let table = Markup.table(
      caption:
        "\(([name] + about).joined(separator: ", ")): its repetitions ran in turn with the built-in engine's.",
      head: [
        "test", "tokens/s", Number.interval, "built-in is", Number.comparisonInterval, "J/token",
      ], rows: tests.map(peerRow), numeric: [1, 2, 3, 4, 5])
    let costs = ["input", "output"].compactMap { phase -> String? in
      let key = "usd_per_million_\(phase)"
      guard let own = result.document["cost"]?[key]?["value"]?.double,
        let other = peer["cost"]?[key]?["value"]?.double
      else { return nil }
      return "A million \(phase) tokens cost \(Number.short(own)) $ with the built-in engine and "
        + "\(Number.short(other)) $ with \(name), as priced when they were measured."
    }
    return .section("Beside \(name)", [table] + costs.map(Markup.paragraph))
  }

  private func peerRow(_ test: JSONValue) -> [String] {
    let rate = test["tokens_per_second"]
    let ratio = test["builtin_over_peer"]
    let energy = test["energy"]
    let joules =
      energy?["joules_per_token"]?.double
      ?? energy?["estimated"]?["joules_per_token"]?
      .double
    let isNoise = ratio?["verdict"]?.string == "within_noise"
    return [
      test["label"]?.string ?? "?", known(rate?["median"]), span(rate),
      known(ratio?["value"]) { "\(Number.short($0)) times as fast" },
      span(ratio) + (isNoise ? ", within noise" : ""), joules.map(Number.short) ?? "not known",
    ]
  }

  private func span(_ value: JSONValue?) -> String {
    guard let low = value?["ci_low"]?.double, let high = value?["ci_high"]?.double else {
      return "one sample"
    }
    return "\(Number.short(low)) to \(Number.short(high))"
  }

  private func count(_ value: JSONValue?) -> String { known(value) { Number.fixed($0, 0) } }

  private func known(
    _ value: JSONValue?, _ text: (Double) -> String = Number.short
  ) -> String {
    value?.double.map(text) ?? "not known"
  }
}
