// What `moebench sweep` found out, as values.

import Analysis
import CostModel
import Measurement
import Models

/// Which experiment.
public enum SweepKind: String, Sendable, CaseIterable {
  case topK = "top-k"
  case batch, experts, routing, format, dense

  /// What is varied, for a heading.
  public var subject: String {
    switch self {
    case .topK: "experts a token"
    case .batch: "sequences together"
    case .experts: "experts in all, the same number a token"
    case .routing: "how tokens fall on experts"
    case .format: "weight format"
    case .dense: "a mixture beside dense models of its active and its total size"
    }
  }
}

/// One experiment: a model in several forms, measured in alternation.
public struct SweepReport: Sendable {
  public static let schema = "moebench.sweep/1"

  /// One form.
  public struct Point: Sendable {
    public let name: String
    /// What was varied, where it is a number.
    public let value: Double?
    /// Its own tests, model, cost; everything else is the experiment's.
    public let run: RunReport
    public let touchedParametersPerStep: Double?
    /// Experts of a layer and experts a token; nil for dense models.
    public let mixture: (experts: Int, expertsPerToken: Int)?

    public init(
      name: String, value: Double?, run: RunReport, touchedParametersPerStep: Double?,
      mixture: (experts: Int, expertsPerToken: Int)?
    ) {
      self.name = name
      self.value = value
      self.run = run
      self.touchedParametersPerStep = touchedParametersPerStep
      self.mixture = mixture
    }
  }

  public let kind: SweepKind
  public let seconds: Double
  public let points: [Point]
  public let status: RunStatus
  public let warnings: [RunReport.Warning]

  public init(
    kind: SweepKind, seconds: Double, points: [Point], status: RunStatus,
    warnings: [RunReport.Warning]
  ) {
    self.kind = kind
    self.seconds = seconds
    self.points = points
    self.status = status
    self.warnings = warnings
  }
}

extension SweepReport.Point {
  /// The decode test; the one with the most sequences where there are several.
  public var decode: TestResult? {
    run.tests.filter { $0.test.phase == .decode }.max { $0.test.batch < $1.test.batch }
  }

  public var prefill: TestResult? { run.tests.first { $0.test.phase == .prefill } }

  /// Tokens a second, of the whole where a slice was run.
  func speed(_ result: TestResult?) -> Estimate? {
    guard let result else { return nil }
    if let whole = run.extrapolation(of: result) { return whole.tokensPerSecond }
    guard let summary = result.summary() else { return nil }
    return .ordered(
      summary.interval?.low ?? summary.minimum, summary.median,
      summary.interval?.high ?? summary.maximum, .measured)
  }

  func joules(_ result: TestResult?) -> Double? {
    guard let result else { return nil }
    return run.extrapolation(of: result).map { $0.joulesPerToken?.best }
      ?? result.joulesPerToken?.best
  }

  func bytes(_ result: TestResult?) -> Double? {
    guard let result else { return nil }
    return run.extrapolation(of: result).map { $0.bytesTouchedPerToken }
      ?? result.bytesTouchedPerToken
  }

  /// Different experts a layer is expected to wake in a step, if every token chose at random.
  func expectedDistinct(_ result: TestResult?) -> Double? {
    guard let mixture, let result else { return nil }
    let tokens = result.test.phase == .decode ? result.test.batch : result.test.promptTokens
    return ExpertCoverage.expected(
      experts: Double(mixture.experts), expertsPerToken: Double(mixture.expertsPerToken),
      tokens: min(Double(tokens), SpeedModel.passTokens))
  }

  /// Mean over the layers of how unequally the last repetition's tokens fell on experts.
  func skew(_ result: TestResult?) -> (gini: Double, hotShare: Double)? {
    let loads = result?.samples.last?.work.layerLoads ?? []
    guard let gini = Statistics.mean(loads.compactMap(ExpertCoverage.gini)),
      let hot = Statistics.mean(loads.compactMap(ExpertCoverage.hotShare))
    else { return nil }
    return (gini, hot)
  }

  var usdPerMillionOutput: Estimate? { run.cost?.output?.usdPerMillion }
  var usdPerMillionInput: Estimate? { run.cost?.input?.usdPerMillion }
}
