// Workloads and scenarios, as data in Benchmarks/workloads.

import CostModel
import StrictJSON

/// What is asked of a model: so many requests of so many tokens.
public struct TokenWorkload: Sendable, Hashable {
  public let name: String
  public let title: String
  public let requests: Double
  public let inputTokensPerRequest: Double
  public let outputTokensPerRequest: Double
  public let cachedShare: Double
  /// Whether its requests may wait for hours, as an API's batch price asks.
  public let acceptsBatch: Bool
  public let source: String
  public let note: String?

  /// Tokens of all requests together.
  public let mix: TokenMix
}

/// A change of the assumptions to try: cheaper electricity, other API prices, other hours.
public struct Scenario: Sendable, Hashable {
  public let name: String
  public let title: String
  public let electricityFactor: Double
  public let apiFactor: Double
  public let timeBand: PriceRow.TimeBand?
  public let source: String
}

extension TokenWorkload {
  /// The workloads inside the binary, by name.
  public static var builtIn: [TokenWorkload] {
    get throws(DataError) {
      var result: [TokenWorkload] = []
      for node in try EmbeddedData.workloads.get()
      where node.value["schema"]?.string == "moebench.workload/1" {
        result.append(try TokenWorkload(node))
      }
      return result
    }
  }

  init(_ node: Node) throws(DataError) {
    name = try node.string("name")
    title = try node.string("title")
    requests = try node.member("requests").positive()
    inputTokensPerRequest = try node.amount("input_tokens")
    outputTokensPerRequest = try node.amount("output_tokens")
    cachedShare = try node.member("cached_share").share()
    acceptsBatch = try node.flag("accepts_batch")
    source = try node.string("source")
    note = try node.optionalString("note")
    mix = try Self.mix(node, requests, inputTokensPerRequest, outputTokensPerRequest, cachedShare)
  }

  private static func mix(
    _ node: Node, _ requests: Double, _ input: Double, _ output: Double, _ cached: Double
  ) throws(DataError) -> TokenMix {
    do throws(CostError) {
      return try TokenMix(
        inputTokens: requests * input, outputTokens: requests * output, cachedShare: cached)
    } catch {
      throw node.fault(.outOfRange("\(input):\(output)", rule: error.description))
    }
  }

  /// A workload from a flag: the name of a built-in one, or `in:out[:cached]`, cached as a share
  /// (`0.9`) or a percentage (`90%`).
  ///
  /// - Throws: `WorkloadError` for anything else, `DataError` for damaged tables.
  public init(flag: String) throws {
    for workload in try TokenWorkload.builtIn where workload.name == flag.lowercased() {
      self = workload
      return
    }
    let fault = WorkloadError(flag: flag, known: try Self.names)
    let parts = flag.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3, let input = PlainDecimal.parse(parts[0]),
      let output = PlainDecimal.parse(parts[1]), max(input, output) <= Self.mostTokens,
      let cached = parts.count == 2 ? 0 : PlainDecimal.share(parts[2])
    else { throw fault }
    do throws(CostError) {
      mix = try TokenMix(inputTokens: input, outputTokens: output, cachedShare: cached)
    } catch { throw fault }
    (name, title, requests) = (flag, "\(flag) by hand", 1)
    (inputTokensPerRequest, outputTokensPerRequest, cachedShare) = (input, output, cached)
    (acceptsBatch, source, note) = (false, "given", nil)
  }

  private static var names: String {
    get throws(DataError) { try builtIn.map(\.name).joined(separator: ", ") }
  }

  /// More than any request holds.
  private static let mostTokens = 1e12
}

/// `--workload` with something that is none.
public struct WorkloadError: Error, Hashable, Sendable, CustomStringConvertible {
  let flag: String
  let known: String

  public var description: String {
    "--workload \(flag.quotedForMessage(limit: 40)): is no workload (\(known)) and not of the form in:out[:cached]"
  }
}

extension Scenario {
  /// The scenarios inside the binary.
  public static var builtIn: [Scenario] {
    get throws(DataError) {
      let file = try EmbeddedData.file("moebench.scenarios/1", in: EmbeddedData.workloads)
      return try file.list("scenarios") { (node) throws(DataError) in
        let band = try node.optionalString("time_band")
        return Scenario(
          name: try node.string("name"), title: try node.string("title"),
          electricityFactor: try node.amount("electricity_factor"),
          apiFactor: try node.amount("api_factor"),
          timeBand: band.flatMap { PriceRow.TimeBand(rawValue: $0) },
          source: try node.string("source"))
      }
    }
  }
}
