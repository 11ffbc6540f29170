// What `moebench estimate` predicts, as values.

import Analysis
import CostModel
import Measurement
import Models

/// One model in one weight format on one machine, predicted.
public struct ModelEstimate: Sendable {
  /// One test, predicted.
  public struct Test: Sendable {
    public let test: TestCase
    /// Tokens a second.
    public let speed: Estimate
    public let joulesPerToken: Estimate?
    public let bytesTouchedPerToken: Double
    /// Weights that a step reads, each once.
    public let touchedParameters: Double
    /// Seconds of the whole test before any correction.
    public let time: PassTime

    public init(
      _ test: TestCase, speed: Estimate, joulesPerToken: Estimate?, bytesTouchedPerToken: Double,
      touchedParameters: Double, time: PassTime
    ) {
      self.test = test
      self.speed = speed
      self.joulesPerToken = joulesPerToken
      self.bytesTouchedPerToken = bytesTouchedPerToken
      self.touchedParameters = touchedParameters
      self.time = time
    }
  }

  /// Parameters of the whole model.
  public struct Parameters: Sendable {
    public let total: Double
    /// The embedding's look-up left out, the head counted.
    public let active: Double
    public let activeWithEmbedding: Double

    public init(total: Double, active: Double, activeWithEmbedding: Double) {
      self.total = total
      self.active = active
      self.activeWithEmbedding = activeWithEmbedding
    }
  }

  public let name: String
  public let weightFormat: String
  public var architecture: String?
  public var parameters: Parameters?
  public var bytesByFormat: [(format: String, bytes: Double)] = []
  /// Positions the cache is counted for, all sequences together.
  public var cachePositions = 0
  public var cacheBytesPerToken: Double?
  public var fit: MemoryFit?
  /// Whether the free memory is a supposed machine's.
  public var memoryIsSupposed = false
  public var tests: [Test] = []
  /// Why there is no energy.
  public var energyReason: String?
  public var cost: RunCost?
  public var prices: [PriceComparison] = []
  /// Why something is missing.
  public var reason: String?
  /// What measuring gave, where that was asked for.
  public var verification: [PredictionError] = []
  /// Layers that were measured and how many there are, where the whole does not fit.
  public var verifiedSlice: (measured: Int, total: Int)?

  public init(name: String, weightFormat: String) {
    self.name = name
    self.weightFormat = weightFormat
  }

  public func test(_ phase: Phase) -> Test? { tests.first { $0.test.phase == phase } }
}

/// The result of `moebench estimate`.
public struct EstimateReport: Sendable {
  public static let schema = "moebench.estimate/1"

  public let tool: RunReport.Tool
  public let startedAt: String
  public let environment: Environment
  public let limits: MachineLimits
  /// Seconds since they were measured; nil where just measured.
  public let limitsAge: Double?
  /// The file they were read from, of another machine or another time; nil where they are this machine's.
  public var limitsFile: String?
  /// What was supposed to differ from this machine, in the words it was given in; nil for this machine itself.
  public let supposed: String?
  /// Cores of the supposed machine; nil where they are the measured threads.
  public var supposedCores: Int?
  /// What the intervals of a supposed machine are wider by, a judgement; nil for this machine itself.
  public var extrapolationSpread: Double?
  /// Earlier measurements that the predictions were scaled by.
  public let corrections: [PredictionError]
  public let estimates: [ModelEstimate]

  public init(
    tool: RunReport.Tool, startedAt: String, environment: Environment, limits: MachineLimits,
    limitsAge: Double?, supposed: String?, corrections: [PredictionError],
    estimates: [ModelEstimate]
  ) {
    self.tool = tool
    self.startedAt = startedAt
    self.environment = environment
    self.limits = limits
    self.limitsAge = limitsAge
    self.supposed = supposed
    self.corrections = corrections
    self.estimates = estimates
  }

  public var verification: [PredictionError] { estimates.flatMap(\.verification) }
}
