// A level of load and its requests in a document.

import Measurement
import StrictJSON

extension LoadLevel {
  func json(_ objective: ServiceObjective?) -> JSONValue {
    var members = loadMembers
    members += countMembers
    members += rateMembers(objective)
    members += latencyMembers
    members += surroundings
    members.append(("requests", .array(measured.map(\.json))))
    members.append(("unmeasured_requests", .array(requests.filter { !$0.isMeasured }.map(\.json))))
    return object(members)
  }

  private var loadMembers: [(String, JSONValue)] {
    var concurrency: Int?
    var rate: Double?
    switch arrivals {
    case .concurrent(let count): concurrency = count
    case .poisson(let perSecond), .constant(let perSecond): rate = perSecond
    }
    return [
      ("label", .string(arrivals.label + (repeatsPrompts ? " repeated" : ""))),
      ("arrivals", .string(arrivals.name)),
      ("concurrency", .intOrNull(concurrency)),
      ("request_rate_per_second", .numberOrNull(rate)),
      ("repeats_prompts", .bool(repeatsPrompts)),
    ]
  }

  private var countMembers: [(String, JSONValue)] {
    let flags = ServedRequest.Flag.allCases.map { flag in
      (flag.rawValue, JSONValue(measured.count { $0.flags.contains(flag) }))
    }
    let reasons = failureReasons.map { reason -> JSONValue in
      [
        "code": .string(reason.code), "count": JSONValue(reason.count),
        "example": .string(reason.example),
      ]
    }
    return [
      ("planned", JSONValue(planned)),
      ("sent", JSONValue(measured.count)),
      ("succeeded", JSONValue(succeeded.count)),
      ("failed", JSONValue(failed.count)),
      ("failure_share", .numberOrNull(failureShare)),
      ("valid", .bool(isValid)),
      ("failures", .array(reasons)),
      ("stopped", .stringOrNull(stopped)),
      ("retries", JSONValue(measured.reduce(0) { $0 + $1.retries })),
      ("flags", object(flags)),
      ("cached_prompts", JSONValue(succeeded.count { $0.isCached })),
      ("prompt_tokens", .intOrNull(total(\.promptTokens))),
      ("cached_tokens", .intOrNull(total(\.cachedTokens))),
      ("output_tokens", .intOrNull(total(\.outputTokens))),
      ("output_tokens_exact", .bool(succeeded.allSatisfy { $0.tokenSource == .usage })),
    ]
  }

  /// nil where any is unknown.
  private func total(_ count: (ServedRequest) -> Int?) -> Int? {
    let counts = succeeded.compactMap(count)
    return counts.count == succeeded.count ? counts.reduce(0, +) : nil
  }

  private func rateMembers(_ objective: ServiceObjective?) -> [(String, JSONValue)] {
    let good = objective.flatMap(goodput)
    let rate = outputTokensPerSecond
    return [
      ("window_seconds", .numberOrNull(window)),
      ("requests_per_second", .numberOrNull(requestsPerSecond)),
      ("output_tokens_per_second", .numberOrNull(rate)),
      ("output_tokens_per_second_reason", .stringOrNull(rate == nil ? "not measurable" : nil)),
      ("requests_in_flight_mean", .numberOrNull(meanInFlight)),
      (
        "goodput",
        good.map {
          object([
            ("requests_per_second", .numberOrNull($0.perSecond)),
            ("share", .numberOrNull($0.share)),
          ])
        } ?? .null
      ),
    ]
  }

  private var latencyMembers: [(String, JSONValue)] {
    func json(_ values: [Double]) -> JSONValue { Percentiles(values)?.json ?? .null }
    let cached = succeeded.filter(\.isCached).compactMap(\.firstToken)
    let others = succeeded.filter { !$0.isCached }.compactMap(\.firstToken)
    return [
      ("ttft_seconds", json(timesToFirstToken)),
      ("ttft_cached_seconds", json(cached)),
      ("ttft_uncached_seconds", cached.isEmpty ? .null : json(others)),
      ("ttft_answer_seconds", json(timesToFirstAnswer)),
      ("tpot_seconds", json(timesPerOutputToken)),
      ("itl_seconds", json(gaps)),
      ("itl_is_per", gaps.isEmpty ? .null : gapsAreOfTokens ? "token" : "chunk"),
      ("e2e_seconds", json(endToEnd)),
      ("connect_seconds", json(succeeded.compactMap(\.connectSeconds))),
    ]
  }

  private var energyJSON: JSONValue {
    var members: [(String, JSONValue)] = [
      ("source", .string(energy.source)),
      ("provenance", .stringOrNull(energy.origin?.rawValue)),
      ("seconds", .numberOrNull(energySeconds)),
    ]
    members += energy.members
    return object(members)
  }

  private var surroundings: [(String, JSONValue)] {
    let use = server.value
    return [
      ("energy", energyJSON),
      (
        "server_processes",
        object([
          ("names", .array((use?.processes ?? []).map { .string($0) })),
          ("cpu_seconds", .numberOrNull(use?.cpuSeconds)),
          ("share_of_busy_cpu", .numberOrNull(use?.shareOfBusy)),
          ("share_of_all_cpu", .numberOrNull(use?.shareOfMachine)),
          ("reason", .stringOrNull(server.reason)),
        ])
      ),
      ("disturbance", disturbance?.json ?? .null),
    ]
  }
}

extension Percentiles {
  var json: JSONValue {
    object([
      ("n", JSONValue(count)), ("mean", .numberOrNull(mean)), ("min", .numberOrNull(minimum)),
      ("p50", .numberOrNull(p50)), ("p90", .numberOrNull(p90)), ("p95", .numberOrNull(p95)),
      ("p99", .numberOrNull(p99)), ("max", .numberOrNull(maximum)),
    ])
  }
}

extension ServedRequest {
  var json: JSONValue {
    object([
      ("sent_at_seconds", .numberOrNull(sentAt)),
      ("waited_for_connection_seconds", .numberOrNull(connectSeconds)),
      ("ttft_seconds", .numberOrNull(firstToken)),
      ("ttft_answer_seconds", .numberOrNull(firstAnswer)),
      ("last_token_seconds", .numberOrNull(lastToken)),
      ("e2e_seconds", .numberOrNull(end)),
      ("tpot_seconds", .numberOrNull(secondsPerOutputToken)),
      // Microseconds say all that there is to say.
      ("chunk_gaps_seconds", .array(gaps.map { .numberOrNull(($0 * 1e6).rounded() / 1e6) })),
      ("chunks", JSONValue(chunks)),
      ("prompt_tokens", .intOrNull(promptTokens)),
      ("cached_tokens", .intOrNull(cachedTokens)),
      ("output_tokens", .intOrNull(outputTokens)),
      ("billed_tokens", .intOrNull(billedTokens)),
      ("output_tokens_from", .stringOrNull(tokenSource?.rawValue)),
      ("finish_reason", .stringOrNull(finishReason)),
      ("model", .stringOrNull(model)),
      ("flags", .array(flags.map(\.rawValue).sorted().map { .string($0) })),
      ("retries", JSONValue(retries)),
      ("retry_wait_seconds", .numberOrNull(retryWait)),
      (
        "failure",
        failure.map { ["code": .string($0.code), "message": .string($0.message)] } ?? .null
      ),
    ])
  }
}
