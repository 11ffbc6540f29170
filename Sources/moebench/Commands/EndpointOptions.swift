// Options of moebench endpoint: how a server is asked, and under what load.

import ArgumentParser
import Endpoint
import Measurement
import Models

extension EndpointAPI: ExpressibleByArgument {}

/// How the server is asked.
struct ServiceOptions: ParsableArguments {
  @Option(help: "Model to ask for (default: the first the server lists).")
  var model: String?

  @Option(
    name: .customLong("as"),
    help: ArgumentHelp(
      "The catalogue's name of the model served (default: what the server's name for it tells for sure).",
      valueName: "name"))
  var catalogueName: String?

  @Option(help: "API: chat or completions.")
  var api = EndpointAPI.chat

  @Flag(help: "Ask for whole replies; then there are no times of tokens.")
  var noStream = false

  @Flag(help: "Ask the server to write on past its end-of-text token (vLLM, SGLang, llama.cpp).")
  var ignoreEos = false

  @Option(
    help: ArgumentHelp(
      "File with the API key (default: MOEBENCH_API_KEY or OPENAI_API_KEY of the environment).",
      valueName: "file"))
  var apiKeyFile: String?

  @Option(help: ArgumentHelp("Longest time to connect.", valueName: "seconds"))
  var connectTimeout = 10.0

  @Option(help: ArgumentHelp("Longest time to the first token.", valueName: "seconds"))
  var ttftTimeout = 60.0

  @Option(help: ArgumentHelp("Longest silence after the first token.", valueName: "seconds"))
  var idleTimeout = 30.0

  @Option(help: ArgumentHelp("Longest time of a request.", valueName: "seconds"))
  var timeout = 600.0

  @Option(help: "Retries after 429 and 503.")
  var retries = 3

  func timeouts() throws -> EndpointTimeouts {
    var timeouts = EndpointTimeouts()
    let bounds = 0.001...86_400.0
    for (flag, seconds) in [
      ("--connect-timeout", connectTimeout), ("--ttft-timeout", ttftTimeout),
      ("--idle-timeout", idleTimeout), ("--timeout", timeout),
    ] where !bounds.contains(seconds) {
      throw Failure(.usage, "\(flag) \(seconds): must be from 0.001 to 86400 seconds")
    }
    timeouts.connect = connectTimeout
    timeouts.firstToken = ttftTimeout
    timeouts.idle = idleTimeout
    timeouts.total = timeout
    return timeouts
  }

  func checkedRetries() throws -> Int {
    guard (0...10).contains(retries) else {
      throw Failure(.usage, "--retries \(retries): must be from 0 to 10")
    }
    return retries
  }
}

/// What load is put on it.
struct LoadOptions: ParsableArguments {
  @Option(help: "Measured requests at each level.")
  var requests = 32

  @Option(
    help: ArgumentHelp("Requests in flight; each value is a level (default: 1).", valueName: "list")
  )
  var concurrency: String?

  @Option(
    help: ArgumentHelp(
      "Requests a second in place of a concurrency, as X or X,Y,…; each is a level.",
      valueName: "rates"))
  var requestRate: String?

  @Option(help: ArgumentHelp("With --request-rate: poisson or constant.", valueName: "kind"))
  var arrivals = ArrivalKind.poisson

  @Option(
    name: [.customShort("p"), .long],
    help: ArgumentHelp("Tokens of a prompt, N or LOW-HIGH at random.", valueName: "range"))
  var promptTokens = "512"

  @Option(
    name: [.customShort("n"), .customLong("gen-tokens"), .customLong("max-tokens")],
    help: ArgumentHelp("Most tokens of a reply, N or LOW-HIGH at random.", valueName: "range"))
  var genTokens = "128"

  @Option(
    help: ArgumentHelp("Text of the prompts (default: Benchmarks/prompts).", valueName: "file"))
  var promptFile: String?

  @Option(help: "Requests before each level that are not measured (default: as many as in flight).")
  var warmup: Int?

  @Flag(inversion: .prefixedNo, help: "Keep up the load until the last measured request ends.")
  var coolDown = true

  @Flag(help: "Send each level's prompts a second time: what a cache of prompts saves.")
  var repeatPrompts = false

  @Option(
    help: ArgumentHelp("Bounds of a good reply, such as ttft:500ms,tpot:50ms.", valueName: "bounds")
  )
  var slo: String?

  @Option(help: "Seed of prompts, lengths and arrivals.")
  var seed: UInt64 = 1

  enum ArrivalKind: String, ExpressibleByArgument, CaseIterable { case poisson, constant }

  func plan() throws -> LoadPlan {
    guard (1...1_000_000).contains(requests) else {
      throw Failure(.usage, "--requests \(requests): must be from 1 to 1000000")
    }
    if let warmup, !(0...10_000).contains(warmup) {
      throw Failure(.usage, "--warmup \(warmup): must be from 0 to 10000")
    }
    var plan = LoadPlan(levels: try levels(), requests: requests)
    plan.warmUp = warmup
    plan.coolsDown = coolDown
    plan.repeatsPrompts = repeatPrompts
    plan.seed = seed
    return plan
  }

  private func levels() throws -> [Arrivals] {
    guard let requestRate else {
      return try ListGrammar.parse(
        concurrency ?? "1", flag: "--concurrency", bounds: 1...EndpointClient.mostInFlight
      ).map(Arrivals.concurrent)
    }
    guard concurrency == nil else {
      throw Failure(.usage, "--concurrency and --request-rate exclude each other")
    }
    return try requestRate.split(separator: ",", omittingEmptySubsequences: false).map { text in
      guard let rate = Double(text), rate >= 0.001, rate <= 10_000 else {
        throw Failure(
          .usage, "--request-rate \(text.prefix(40)): must be from 0.001 to 10000 a second")
      }
      return arrivals == .poisson ? .poisson(perSecond: rate) : .constant(perSecond: rate)
    }
  }

  /// `N` or `LOW-HIGH`.
  static func range(_ text: String, flag: String) throws -> ClosedRange<Int> {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    let bounds = 1...(1 << 20)
    guard (1...2).contains(parts.count), let low = parts[0], let high = parts[parts.count - 1],
      low <= high, bounds.contains(low), bounds.contains(high)
    else {
      throw Failure(
        .usage, "\(flag) \(text.prefix(40)): must be N or LOW-HIGH, from 1 to \(bounds.upperBound)")
    }
    return low...high
  }
}
