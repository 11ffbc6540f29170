// What another tool measured, in the terms of our own results.

import Measurement
import StrictJSON

/// What the caller knows and the file does not say.
public struct ImportHints: Sendable {
  /// Name of the model, in place of the file's.
  public var model: String?
  public var promptTokens: Int?
  public var generatedTokens: Int?
  public var batch: Int?

  public init(
    model: String? = nil, promptTokens: Int? = nil, generatedTokens: Int? = nil, batch: Int? = nil
  ) {
    self.model = model
    self.promptTokens = promptTokens
    self.generatedTokens = generatedTokens
    self.batch = batch
  }
}

/// One result of one tool: tests of one model.
struct ImportedRun {
  struct Warning {
    let code: String
    let message: String
  }

  /// The tool, with its version where the file tells.
  var tool: String
  var toolVersion: String?
  /// ISO 8601, with a zone where the file tells one; nil where it tells no time.
  private(set) var startedAt: String?
  var model = "unknown"
  var architecture: String?
  var totalParameters: Int?
  var weightFormat: String?
  var weightBytes: Int?
  var processor: String?
  var accelerator: String?
  var threads: Int?
  var isInterrupted = false
  var tests: [ImportedTest] = []
  var warnings: [Warning] = []

  /// Takes the first time that is told, as it is: what zone a time without one is of is not guessed.
  mutating func start(at time: String?) {
    guard startedAt == nil, let time else { return }
    startedAt = time
    if time.firstMatch(of: /(Z|[+-]\d{2}:?\d{2})$/) == nil {
      warn("local_time", "\(tool) writes its time without a zone, and so is started_at")
    }
  }

  mutating func warn(_ code: String, _ message: String) {
    guard !warnings.contains(where: { $0.code == code && $0.message == message }) else { return }
    warnings.append(Warning(code: code, message: message))
  }
}

/// One test of it. Its samples are the file's own, or its totals where it keeps none.
struct ImportedTest {
  struct Sample {
    let seconds: Double
    let tokens: Int
    var offset: Double?
  }

  var label: String
  var phase: Phase
  var promptTokens = 0
  var generatedTokens = 0
  var depth = 0
  /// Nil where the file does not tell.
  var batch: Int? = 1
  var threads: Int?
  var samples: [Sample]
  /// What the tool said of it, key by key, so that nothing it knew is lost.
  var record: JSONValue = .null
}
