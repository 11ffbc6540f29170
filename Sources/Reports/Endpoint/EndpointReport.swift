// What a measured server is, as values: every output format is written from these.

import Analysis
import Measurement
import Models

/// The result of `moebench endpoint`.
public struct EndpointReport: Sendable {
  /// How the server was asked.
  public struct Service: Sendable {
    public var url: String
    /// `chat` or `completions`.
    public var api: String
    public var isStreaming: Bool
    public var model: String
    /// Whether the server runs on the machine of this document.
    public var isLocal: Bool
    /// Machines that the server runs on, as given.
    public var nodes: Int
    /// Whether a key was sent; the key itself is nowhere.
    public var hasKey: Bool
    /// Seconds.
    public var timeouts: [(name: String, seconds: Double)]
    public var retries: Int
    public var ignoresEndOfText: Bool

    public init(
      url: String, api: String, isStreaming: Bool, model: String, isLocal: Bool, nodes: Int,
      hasKey: Bool, timeouts: [(name: String, seconds: Double)], retries: Int,
      ignoresEndOfText: Bool
    ) {
      self.url = url
      self.api = api
      self.isStreaming = isStreaming
      self.model = model
      self.isLocal = isLocal
      self.nodes = nodes
      self.hasKey = hasKey
      self.timeouts = timeouts
      self.retries = retries
      self.ignoresEndOfText = ignoresEndOfText
    }
  }

  /// What was asked of it.
  public struct Load: Sendable {
    public var requestsPerLevel: Int
    public var promptTokens: ClosedRange<Int>
    public var outputTokens: ClosedRange<Int>
    public var promptsFrom: String
    public var coolsDown: Bool
    public var seed: UInt64

    public init(
      requestsPerLevel: Int, promptTokens: ClosedRange<Int>, outputTokens: ClosedRange<Int>,
      promptsFrom: String, coolsDown: Bool, seed: UInt64
    ) {
      self.requestsPerLevel = requestsPerLevel
      self.promptTokens = promptTokens
      self.outputTokens = outputTokens
      self.promptsFrom = promptsFrom
      self.coolsDown = coolsDown
      self.seed = seed
    }
  }

  public var tool: RunReport.Tool
  /// UTC, ISO 8601.
  public var startedAt: String
  public var status: RunStatus
  /// Of the machine that measured; the server's too where it is local.
  public var environment: Environment
  public var service: Service
  /// The model of the catalogue that is served, and what the server's name says beyond it.
  public var catalogued: (entry: ModelEntry, words: [String])?
  /// Why it is none of the catalogue.
  public var modelReason: String?
  public var load: Load
  public var levels: [LoadLevel]
  public var objective: ServiceObjective?
  public var plannedLevels: Int
  public var warnings: [RunReport.Warning] = []
  public var cost: RunCost?
  /// Why there is no cost.
  public var costReason: String?
  public var prices: [PriceComparison] = []
  public var account: EnergyAccount
  /// What a meter of this machine says of a server: the whole machine, or nothing.
  public var energyNote: String

  public init(
    tool: RunReport.Tool, startedAt: String, status: RunStatus, environment: Environment,
    service: Service, load: Load, levels: [LoadLevel], plannedLevels: Int,
    objective: ServiceObjective? = nil, account: EnergyAccount, energyNote: String
  ) {
    self.tool = tool
    self.startedAt = startedAt
    self.status = status
    self.environment = environment
    self.service = service
    self.load = load
    self.levels = levels
    self.plannedLevels = plannedLevels
    self.objective = objective
    self.account = account
    self.energyNote = energyNote
  }

  /// Prefill and decode of each level. Levels of repeated prompts stand apart: a cache is no speed.
  public var tests: [ServiceTest] {
    levels.filter { !$0.repeatsPrompts }.flatMap(ServiceTest.tests).map {
      $0.named(promptTokens: load.promptTokens, outputTokens: load.outputTokens)
    }
  }

  /// Measured requests, those planned and those done.
  public var counts: (planned: Int, done: Int) {
    (plannedLevels * load.requestsPerLevel, levels.reduce(0) { $0 + $1.measured.count })
  }

  /// What each latency is, so that figures of other tools can be compared.
  public static let formulas: [(name: String, formula: String)] = [
    (
      "ttft",
      "time of the first text, reasoning included, - time the request was sent on an open connection"
    ),
    (
      "tpot",
      "(last text - first text) / (n (k - 1) / k), n output tokens in k chunks; n - 1 where k = n"
    ),
    ("itl", "time of a chunk with text - time of the one before it"),
    ("e2e", "time of the reply's last byte - time the request was sent"),
    ("output_tokens_per_second", "output tokens of successful requests / window"),
    (
      "window",
      "end of the last measured request - start of the first; warm-up and cool-down outside"
    ),
    ("goodput", "requests that succeed and keep every bound / window"),
    ("percentiles", "of all samples, linear interpolation (type 7)"),
    (
      "tests",
      "each moment is divided equally among the requests in flight; a request's part before its first text is prefill, after it decode"
    ),
  ]
}
