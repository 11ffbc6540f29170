// What a user calls a good reply: `ttft:500ms,tpot:50ms`; and how many replies were.

/// Upper bounds of latencies; a reply is good if it keeps all of them.
public struct ServiceObjective: Sendable, Equatable {
  /// Time to first token, time per output token, time between tokens, whole request.
  public enum Metric: String, Sendable, CaseIterable {
    case ttft, tpot, itl, e2e
  }

  /// In the order given, seconds.
  public let bounds: [(metric: Metric, seconds: Double)]

  /// - Parameter flag: Comma-separated `metric:time`, the time in `s`, `ms` or `us`.
  public init(flag: String) throws(ServiceObjectiveError) {
    var bounds: [(metric: Metric, seconds: Double)] = []
    for part in flag.split(separator: ",", omittingEmptySubsequences: false) {
      let pieces = part.split(separator: ":", omittingEmptySubsequences: false)
      guard pieces.count == 2, let metric = Metric(rawValue: String(pieces[0])) else {
        throw .unknownMetric(String(part))
      }
      guard let seconds = Duration.seconds(parsing: pieces[1]), seconds > 0 else {
        throw .badTime(String(part))
      }
      guard !bounds.contains(where: { $0.metric == metric }) else {
        throw .twice(metric.rawValue)
      }
      bounds.append((metric, seconds))
    }
    self.bounds = bounds
  }

  public static func == (a: ServiceObjective, b: ServiceObjective) -> Bool {
    a.bounds.elementsEqual(b.bounds) { $0.metric == $1.metric && $0.seconds == $1.seconds }
  }

  /// Whether a request succeeded within every bound. A latency that it cannot have, such as the time
  /// per token of a reply of one token, breaks none; one that was not observable breaks its bound.
  public func isMet(by request: ServedRequest) -> Bool {
    guard request.succeeded else { return false }
    return bounds.allSatisfy { bound in
      switch bound.metric {
      case .ttft: request.firstToken.map { $0 <= bound.seconds } ?? false
      case .tpot:
        request.hasOneToken
          || request.secondsPerOutputToken.map { $0 <= bound.seconds }
            ?? request.flags.contains(.tooFastToMeasure)
      case .itl:
        request.hasOneToken
          || (!request.flags.contains(.notStreamed) && !request.gaps.isEmpty
            && request.gaps.allSatisfy { $0 <= bound.seconds })
      case .e2e: request.end <= bound.seconds
      }
    }
  }
}

extension ServedRequest {
  /// Known to be too short for a time between tokens.
  fileprivate var hasOneToken: Bool { outputTokens.map { $0 < 2 } ?? false }
}

/// Why a `--slo` was refused.
public enum ServiceObjectiveError: Error, CustomStringConvertible {
  case unknownMetric(String)
  case badTime(String)
  case twice(String)

  public var description: String {
    switch self {
    case .unknownMetric(let part):
      "--slo \(part.prefix(40)): must be metric:time with ttft, tpot, itl or e2e, such as ttft:500ms"
    case .badTime(let part):
      "--slo \(part.prefix(40)): the time must be above 0 with a unit: 500ms or 2s"
    case .twice(let metric): "--slo: \(metric) is given twice"
    }
  }
}

extension Duration {
  /// Seconds of `500ms`, `2s`, `1.5s` or `80us`; nil where it is none of these.
  public static func seconds(parsing text: some StringProtocol) -> Double? {
    for (unit, factor) in [("ms", 1e-3), ("us", 1e-6), ("s", 1.0)] where text.hasSuffix(unit) {
      guard let value = Double(text.dropLast(unit.count)), value.isFinite, value >= 0 else {
        return nil
      }
      return value * factor
    }
    return nil
  }
}
