// One row of a benchmark: a phase at a size, with llama-bench's labels.

/// Prefill reads a prompt; decode writes one token a step.
public enum Phase: String, Sendable, Hashable, CaseIterable {
  case prefill, decode
}

/// One cell of the plan's grid: what is measured together and reported as one row.
public struct TestCase: Sendable, Hashable {
  public let phase: Phase
  /// Tokens of the prompt that is read; 0 in decode.
  public let promptTokens: Int
  /// Tokens each sequence writes; 0 in prefill.
  public let generatedTokens: Int
  /// Tokens already in the cache when timing starts.
  public let depth: Int
  /// Sequences worked on together; 1 in prefill.
  public let batch: Int
  public let threads: Int
  /// Which form of the model is measured, where an experiment has several; nil elsewhere.
  public let variant: String?

  public init(
    phase: Phase, promptTokens: Int, generatedTokens: Int, depth: Int = 0, batch: Int = 1,
    threads: Int, variant: String? = nil
  ) {
    self.phase = phase
    self.promptTokens = promptTokens
    self.generatedTokens = generatedTokens
    self.depth = depth
    self.batch = batch
    self.threads = threads
    self.variant = variant
  }

  /// llama-bench's label: `pp512`, `tg128`, `tg128 @ d4096`; a batch is added as `tg128 b4`.
  public var label: String {
    let size = phase == .prefill ? "pp\(promptTokens)" : "tg\(generatedTokens)"
    let sequences = batch > 1 ? " b\(batch)" : ""
    return size + sequences + (depth > 0 ? " @ d\(depth)" : "")
  }

  /// Tokens one repetition works through, all sequences together.
  public var tokens: Int { (phase == .prefill ? promptTokens : generatedTokens) * batch }
}
