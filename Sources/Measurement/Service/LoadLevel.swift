// One level of load on a server: its requests, and what follows from them.

/// How requests arrive.
public enum Arrivals: Sendable, Equatable {
  /// So many in flight; a new one as soon as one ends.
  case concurrent(Int)
  /// So many a second on average, at random (exponential gaps).
  case poisson(perSecond: Double)
  /// So many a second, evenly.
  case constant(perSecond: Double)

  /// `c4` or `r2.5`, as labels end.
  public var label: String {
    switch self {
    case .concurrent(let count): "c\(count)"
    case .poisson(let rate), .constant(let rate):
      rate == rate.rounded() && rate < 1e9 ? "r\(Int(rate))" : "r\(rate)"
    }
  }

  public var name: String {
    switch self {
    case .concurrent: "concurrency"
    case .poisson: "poisson"
    case .constant: "constant"
    }
  }
}

/// The requests of one level of load and what was observed around them.
public struct LoadLevel: Sendable {
  public let arrivals: Arrivals
  /// Whether the prompts had been sent before, so that a server may find them in its cache.
  public let repeatsPrompts: Bool
  /// Planned and measured ones; fewer were sent where the run was stopped.
  public let planned: Int
  /// All that were sent, warm-up and cool-down included, by time.
  public var requests: [ServedRequest]
  /// Of the whole level, and the seconds it was taken over.
  public var energy: EnergySample
  public var energySeconds: Double?
  public var disturbance: Disturbance?
  /// What the server's processes used, where they run here.
  public var server: Reading<ServerUse>
  /// Why it ended before all were sent.
  public var stopped: String?

  public init(
    arrivals: Arrivals, repeatsPrompts: Bool = false, planned: Int, requests: [ServedRequest],
    energy: EnergySample = .notMeasured(), disturbance: Disturbance? = nil,
    server: Reading<ServerUse> = .unknown(reason: "not looked for"), stopped: String? = nil
  ) {
    self.arrivals = arrivals
    self.repeatsPrompts = repeatsPrompts
    self.planned = planned
    self.requests = requests
    self.energy = energy
    self.disturbance = disturbance
    self.server = server
    self.stopped = stopped
  }

  public var measured: [ServedRequest] { requests.filter(\.isMeasured) }
  public var succeeded: [ServedRequest] { measured.filter(\.succeeded) }
  public var failed: [ServedRequest] { measured.filter { !$0.succeeded } }

  /// nil where nothing was sent.
  public var failureShare: Double? {
    measured.isEmpty ? nil : Double(failed.count) / Double(measured.count)
  }

  /// More failures than this and the level stands for nothing.
  public static let tolerableFailures = 0.05

  public var isValid: Bool {
    failureShare.map { $0 <= Self.tolerableFailures } ?? false
  }

  /// From the first measured request to the end of the last; the load is kept up until then.
  public var window: Double? {
    guard let first = measured.map(\.sentAt).min(),
      let last = measured.map({ $0.sentAt + $0.end }).max(), last > first
    else { return nil }
    return last - first
  }

  /// Successful requests a second.
  public var requestsPerSecond: Double? {
    window.map { Double(succeeded.count) / $0 }
  }

  /// Output tokens of successful requests a second; nil where a count is unknown or the window too short to time.
  public var outputTokensPerSecond: Double? {
    let counts = succeeded.compactMap(\.outputTokens)
    guard let window, window >= ServedRequest.shortestSpan, counts.count == succeeded.count,
      counts.contains(where: { $0 > 0 })
    else { return nil }
    return counts.reduce(0) { $0 + Double($1) } / window
  }

  /// Requests in flight, on average over the window.
  public var meanInFlight: Double? {
    window.map { window in measured.reduce(0) { $0 + $1.end } / window }
  }

  /// Good replies a second and their share of all measured requests.
  public func goodput(_ objective: ServiceObjective) -> (perSecond: Double?, share: Double)? {
    guard !measured.isEmpty else { return nil }
    let good = measured.filter(objective.isMet)
    return (window.map { Double(good.count) / $0 }, Double(good.count) / Double(measured.count))
  }

  /// Failures by their code, most frequent first, each with one message.
  public var failureReasons: [(code: String, count: Int, example: String)] {
    var counts: [String: (count: Int, example: String)] = [:]
    for failure in failed.compactMap(\.failure) {
      counts[failure.code, default: (0, failure.message)].count += 1
    }
    return counts.map { ($0.key, $0.value.count, $0.value.example) }
      .sorted { ($1.count, $0.code) < ($0.count, $1.code) }
  }
}

// MARK: - Latencies of the successful requests

extension LoadLevel {
  public var timesToFirstToken: [Double] { succeeded.compactMap(\.firstToken) }

  /// Only where reasoning came first.
  public var timesToFirstAnswer: [Double] {
    succeeded.compactMap { $0.firstAnswer == $0.firstToken ? nil : $0.firstAnswer }
  }

  public var timesPerOutputToken: [Double] { succeeded.compactMap(\.secondsPerOutputToken) }

  public var gaps: [Double] {
    succeeded.flatMap { $0.decodeSeconds == nil ? [] : $0.gaps }
  }

  /// Whether every chunk was a token, so that a gap is between tokens.
  public var gapsAreOfTokens: Bool {
    succeeded.allSatisfy { $0.tokenSource == .usage && $0.chunks == $0.outputTokens }
  }

  public var endToEnd: [Double] { succeeded.map(\.end) }
}
