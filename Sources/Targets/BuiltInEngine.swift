// The built-in engine as something the runner can measure.

import Inference
import Measurement

/// Runs the tests of a plan on a decoder.
public final class BuiltInEngine: Workload {
  public typealias Failure = EngineError

  public let decoder: Decoder
  private let text: TokenStream
  private let cancellation: () -> Bool
  private var tokens: [[Int]] = []
  /// Sequences whose caches hold their first `depth` tokens of ``text``.
  private var filled: (sequences: Int, depth: Int)?
  private var layerTimer: LayerTimer?
  /// Bytes of shared weights and cache that the running repetition has read.
  private var bytesRead = 0

  /// - Parameters:
  ///   - text: The tokens every sequence is made of.
  ///   - timesLayers: Whether repetitions tell each layer's part, as slices need.
  ///   - isCancelled: Asked between forward passes and between layers, by any thread.
  public init(
    _ decoder: Decoder, text: TokenStream, timesLayers: Bool = false,
    isCancelled: @escaping () -> Bool
  ) {
    self.decoder = decoder
    self.text = text
    cancellation = isCancelled
    decoder.isCancelled = isCancelled
    if timesLayers { layerTimer = LayerTimer(decoder) }
  }

  /// What the decoder must be able to hold for these tests.
  public static func capacity(
    for tests: [TestCase]
  ) -> (sequences: Int, positions: Int, batch: Int) {
    var (sequences, positions, batch) = (1, 1, 1)
    for test in tests {
      sequences = max(sequences, test.batch)
      positions = max(positions, test.depth + test.promptTokens + test.generatedTokens)
      batch = max(batch, test.batch, min(passTokens, max(test.promptTokens, test.depth)))
    }
    return (sequences, positions, batch)
  }

  /// Tokens of a prompt that go through the layers together.
  public static let passTokens = 512

  public func prepare(_ test: TestCase) throws(EngineError) {
    try decoder.setThreads(test.threads)
    let length = test.depth + test.promptTokens + test.generatedTokens
    tokens = (0..<test.batch).map { text.tokens(sequence: $0, count: length) }
    try fill(sequences: test.batch, depth: test.depth)
  }

  /// Brings every sequence to `depth` tokens, again if possible without computing them.
  private func fill(sequences: Int, depth: Int) throws(EngineError) {
    let isReusable =
      filled.map { $0.sequences >= sequences && $0.depth == depth } ?? false
      && (0..<sequences).allSatisfy { decoder.cache.truncate($0, to: depth) }
    guard !isReusable else { return }
    filled = nil
    for sequence in 0..<sequences {
      decoder.cache.reset(sequence)
      try feed(tokens[sequence][..<depth], to: sequence, scoring: .none)
    }
    filled = (sequences, depth)
  }

  private func feed(_ ids: ArraySlice<Int>, to sequence: Int, scoring: Scoring)
    throws(EngineError)
  {
    var rest = ids
    while !rest.isEmpty {
      try checkCancellation()
      let piece = rest.prefix(min(Self.passTokens, decoder.options.batch))
      rest = rest.dropFirst(piece.count)
      let scores = try forward([(sequence, piece)], scoring: rest.isEmpty ? scoring : .none)
      if rest.isEmpty && scoring != .none { try checkFinite(scores) }
    }
  }

  /// Runs a pass and counts what it reads: shared weights, the rows of the cache that its positions see, each once.
  private func forward(
    _ inputs: [(sequence: Int, tokens: ArraySlice<Int>)], scoring: Scoring
  ) throws(EngineError) -> Matrix {
    var tokens = 0
    for (sequence, piece) in inputs {
      let first = decoder.cache.length(of: sequence)
      let positions = first..<(first + piece.count)
      tokens += piece.count
      bytesRead += decoder.cache.bytesRead(at: positions)
      layerTimer?.countCacheRead(at: positions)
    }
    let scores = try decoder.forward(inputs, scoring: scoring)
    bytesRead += decoder.sharedWeightBytes(tokens: tokens, scores: scores.rows)
    return scores
  }

  /// A speed that rests on weights that are not numbers is no result. Reads as many values as the vocabulary has, once
  /// a repetition, so that the time measured does not notice.
  private func checkFinite(_ scores: Matrix) throws(EngineError) {
    for row in 0..<scores.rows {
      for column in 0..<scores.columns where !scores[row][column].isFinite {
        throw .nonFinite(place: "the next-token scores")
      }
    }
  }

  public func run(_ test: TestCase) throws(EngineError) -> Repetition {
    decoder.routing.reset()
    layerTimer?.reset()
    bytesRead = 0
    switch test.phase {
    case .prefill:
      try feed(tokens[0][test.depth...], to: 0, scoring: .last)
    case .decode:
      for step in 0..<test.generatedTokens {
        try checkCancellation()
        let position = test.depth + step
        let scores = try forward(
          tokens.indices.map { ($0, tokens[$0][position...position]) }, scoring: .last)
        if step == test.generatedTokens - 1 { try checkFinite(scores) }
      }
    }
    return repetition(test)
  }

  /// What the routers choose for the first tokens of the text, as many as a sequence holds; apart from any measurement.
  ///
  /// - Returns: nil where the model has no routed experts.
  public func recordRouting(model: String, tokensFrom: String) throws(EngineError) -> RoutingTrace?
  {
    filled = nil
    decoder.cache.reset(0)
    decoder.routing.reset()
    decoder.routing.keepsChoices = true
    defer { decoder.routing.keepsChoices = false }
    let ids = text.tokens(sequence: 0, count: decoder.options.positions)
    try feed(ids[...], to: 0, scoring: .none)
    return decoder.routing.trace(model: model, tokensFrom: tokensFrom)
  }

  private func repetition(_ test: TestCase) -> Repetition {
    let routing = decoder.routing
    let passes = routing.steps * routing.shapes.count
    var load: [UInt64] = []
    for layer in routing.load {
      if load.isEmpty { load = Array(repeating: 0, count: layer.count) }
      for expert in layer.indices where expert < load.count {
        load[expert] += UInt64(layer[expert])
      }
    }
    return Repetition(
      tokens: test.tokens,
      distinctExperts: passes == 0
        ? nil : Double(routing.distinct.reduce(0, +)) / Double(passes),
      bytesTouched: Double(bytesRead + routing.expertBytes), expertLoad: load,
      layerLoads: routing.load.map { $0.map { UInt64($0) } },
      layers: layerTimer?.layers ?? [])
  }

  private func checkCancellation() throws(EngineError) {
    if cancellation() { throw .interrupted }
  }
}

/// The tokens that sequences are made of: drawn from a seed, or a text's own.
public struct TokenStream: Sendable {
  private enum Source: Sendable {
    case random(vocabulary: Int, seed: UInt64)
    case text([Int])
  }
  private let source: Source

  /// Tokens drawn uniformly from the vocabulary; never one token repeated, which would wake the same experts again and
  /// again.
  public static func random(vocabulary: Int, seed: UInt64) -> TokenStream {
    TokenStream(source: .random(vocabulary: vocabulary, seed: seed))
  }

  /// A text's tokens, from another place for each sequence, and from the beginning again where it ends.
  public static func text(_ tokens: [Int]) -> TokenStream {
    precondition(!tokens.isEmpty, "an empty text")
    return TokenStream(source: .text(tokens))
  }

  func tokens(sequence: Int, count: Int) -> [Int] {
    switch source {
    case .random(let vocabulary, let seed):
      var generator = SplitMix64(seed: seed &+ UInt64(sequence) &* 0x9E37_79B9_7F4A_7C15)
      return (0..<count).map { _ in Int(generator.next() % UInt64(vocabulary)) }
    case .text(let tokens):
      let start = sequence * 257 % tokens.count
      return (0..<count).map { tokens[(start + $0) % tokens.count] }
    }
  }
}
