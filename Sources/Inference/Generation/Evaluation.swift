// Scores a text position by position, and continues it greedily: what an implementation is checked by.

/// Next-token scores, routing and greedy continuation of one sequence of tokens.
public struct Evaluation {
  public let tokens: [Int]
  /// `[tokens][vocabulary]`: `logits[t]` scores the token after position t.
  public let logits: [[Float]]
  /// Routing of the given tokens, one entry for each mixture-of-experts layer.
  public let routing: [RoutingRecorder.Choices]
  /// The continuation, decoded token by token through the cache.
  public let greedy: [Int]

  /// Runs `tokens` through sequence 0 in passes of at most `chunk` tokens, then decodes `greedy` more.
  ///
  /// - Throws: ``EngineError/nonFinite(place:)`` if a score is not a finite number.
  public init(_ decoder: Decoder, tokens: [Int], chunk: Int, greedy count: Int) throws(EngineError)
  {
    decoder.cache.reset(0)
    decoder.routing.reset()
    decoder.routing.keepsChoices = true
    defer { decoder.routing.keepsChoices = false }
    var logits: [[Float]] = []
    var start = 0
    while start < tokens.count {
      let end = min(tokens.count, start + chunk)
      let scores = try decoder.forward([(0, tokens[start..<end])], scoring: .all)
      for row in 0..<scores.rows {
        try checkFinite(scores[row], scores.columns, position: start + row)
        logits.append(Array(UnsafeBufferPointer(start: scores[row], count: scores.columns)))
      }
      start = end
    }
    routing = decoder.routing.choices
    self.tokens = tokens
    self.logits = logits
    var continuation: [Int] = []
    var last = logits.last ?? []
    while continuation.count < count, !last.isEmpty {
      let next = largest(last)
      continuation.append(next)
      guard continuation.count < count else { break }
      let scores = try decoder.forward([(0, [next])], scoring: .last)
      try checkFinite(scores[0], scores.columns, position: tokens.count + continuation.count - 1)
      last = Array(UnsafeBufferPointer(start: scores[0], count: scores.columns))
    }
    greedy = continuation
  }
}

/// Index of the largest value; the first among equals.
private func largest(_ values: [Float]) -> Int {
  var best = 0
  for index in values.indices where values[index] > values[best] { best = index }
  return best
}

private func checkFinite(_ values: UnsafePointer<Float>, _ count: Int, position: Int)
  throws(EngineError)
{
  for index in 0..<count where !values[index].isFinite {
    throw .nonFinite(place: "the scores of position \(position)")
  }
}
