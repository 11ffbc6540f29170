// What a run found out, as values: every output format is written from these.

import Analysis
import CostModel
import Measurement
import Models
import StrictJSON

/// The result of `moebench run`.
public struct RunReport: Sendable {
  /// The program that made the document: its version and what it was built from.
  public struct Tool: Sendable {
    public var version: String
    public var commit: String
    /// Why the commit is unknown; nil where it is known.
    public var commitReason: String?
    /// Configuration, compiler and system.
    public var build: String?

    public init(
      version: String, commit: String, commitReason: String? = nil, build: String? = nil
    ) {
      self.version = version
      self.commit = commit
      self.commitReason = commitReason
      self.build = build
    }
  }

  /// What was measured: a model's name, size and weights; figures of the whole, also where a slice was run.
  public struct Model: Sendable {
    /// Where the weights came from.
    public enum Source: String, Sendable {
      case safetensors, gguf, synthetic, endpoint, imported
    }
    /// The layers that were run in place of the whole.
    public struct Slice: Sendable {
      public var layersMeasured: Int
      public var layersTotal: Int
      /// For each measured layer, how many layers of the whole it stands for.
      public var factors: [Double]
      /// Of the slice; the model's own figures are the whole's.
      public var weightBytes: Int
      public var activeParameters: Int

      public init(
        layersMeasured: Int, layersTotal: Int, factors: [Double], weightBytes: Int,
        activeParameters: Int
      ) {
        self.layersMeasured = layersMeasured
        self.layersTotal = layersTotal
        self.factors = factors
        self.weightBytes = weightBytes
        self.activeParameters = activeParameters
      }
    }
    public var name: String
    public var source: Source
    public var architecture: String
    public var totalParameters: Int
    /// A token's products: the embedding's look-up left out, the head counted.
    public var activeParameters: Int
    public var activeParametersWithEmbedding: Int
    /// Parameters of the head: of a prompt only the last token is scored.
    public var headParameters = 0
    /// Parameters every token uses, and those of one routed expert in every mixture together; of what was run. nil where
    /// the target does not tell.
    public var touched: (shared: Double, perExpert: Double)?
    public var weightFormat: String
    public var weightBytes: Int
    public var slice: Slice?

    public init(
      name: String, source: Source, architecture: String, totalParameters: Int,
      activeParameters: Int, activeParametersWithEmbedding: Int, weightFormat: String,
      weightBytes: Int, slice: Slice? = nil
    ) {
      self.name = name
      self.source = source
      self.architecture = architecture
      self.totalParameters = totalParameters
      self.activeParameters = activeParameters
      self.activeParametersWithEmbedding = activeParametersWithEmbedding
      self.weightFormat = weightFormat
      self.weightBytes = weightBytes
      self.slice = slice
    }
  }

  /// What ran the model, and with what: libraries, kernels, threads.
  public struct Engine: Sendable {
    public var name: String
    public var blas: String
    public var instructionSet: String
    public var threads: [Int]
    /// What keys and values are stored in; nil where the engine does not say.
    public var cacheFormat: String?

    public init(
      name: String, blas: String, instructionSet: String, threads: [Int],
      cacheFormat: String? = nil
    ) {
      self.cacheFormat = cacheFormat
      self.name = name
      self.blas = blas
      self.instructionSet = instructionSet
      self.threads = threads
    }
  }

  public var tool: Tool
  /// UTC, ISO 8601.
  public var startedAt: String
  public var status: RunStatus
  public var environment: Environment
  public var ceilings: Ceilings
  public var model: Model
  public var engine: Engine
  public var tests: [TestResult]
  public var plannedSamples: Int
  public var disturbance: Disturbance
  public var warnings: [Warning]
  public var cost: RunCost?
  public var prices: [PriceComparison]
  /// The text whose tokens were fed, or how they were drawn; nil where the target does not tell.
  public var tokensFrom: String?
  /// The run as `moebench run --plan` repeats it; nil where another command measured.
  public var plan: JSONValue?
  /// Another engine that was measured in turn.
  public var peer: PeerReport?
  /// Where the energy figures come from; nil where the target does not tell.
  public var energyAccount: EnergyAccount?

  /// A named warning with advice.
  public struct Warning: Sendable, Hashable {
    public var code: String
    public var message: String

    public init(code: String, message: String) {
      self.code = code
      self.message = message
    }
  }

  public init(
    tool: Tool, startedAt: String, status: RunStatus, environment: Environment,
    ceilings: Ceilings, model: Model, engine: Engine, tests: [TestResult], plannedSamples: Int,
    disturbance: Disturbance, warnings: [Warning], cost: RunCost?, prices: [PriceComparison]
  ) {
    self.tool = tool
    self.startedAt = startedAt
    self.status = status
    self.environment = environment
    self.ceilings = ceilings
    self.model = model
    self.engine = engine
    self.tests = tests
    self.plannedSamples = plannedSamples
    self.disturbance = disturbance
    self.warnings = warnings
    self.cost = cost
    self.prices = prices
  }
}
