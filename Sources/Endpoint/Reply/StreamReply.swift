// A reply that streams: events with the times of their bytes become the facts of a request.

import Measurement

/// Collects a stream. Times are seconds after the request was sent.
package struct StreamReply {
  private let asked: Int
  private let key: APIKey?
  private var parser = EventStreamParser()
  private var events = 0
  private var isDone = false
  private var reads = 0
  private var lastTextRead = 0
  private var readsWithText = 0
  private var usage: Usage?
  private var sawReasoning = false
  private(set) var facts = ServedRequest(sentAt: 0, end: 0)

  /// - Parameter key: What the facts must not repeat.
  package init(asked: Int, key: APIKey? = nil) {
    self.asked = asked
    self.key = key
  }

  var chunks: Int { facts.chunks }

  package mutating func receive(
    _ bytes: some Sequence<UInt8>, at time: Double
  ) throws(RequestFault) {
    reads += 1
    var parser = self.parser
    try parser.feed(bytes) { (data) throws(RequestFault) in try take(data, at: time) }
    self.parser = parser
  }

  private mutating func take(_ data: [UInt8], at time: Double) throws(RequestFault) {
    // What follows [DONE] is not part of the reply, not even a count.
    guard !isDone else { return }
    if data.elementsEqual("[DONE]".utf8) {
      isDone = true
      return
    }
    events += 1
    let chunk = try ReplyChunk(parsing: data, event: events, key: key)
    if let usage = chunk.usage { self.usage = usage }
    if let reason = chunk.finishReason { facts.finishReason = reason }
    if let model = chunk.model, facts.model == nil { facts.model = model.printable(limit: 120) }
    if chunk.hasOtherChoice { facts.flags.insert(.otherChoices) }
    if chunk.hasText { try addText(chunk, at: time) }
  }

  private mutating func addText(_ chunk: ReplyChunk, at time: Double) throws(RequestFault) {
    if let last = facts.lastToken { facts.gaps.append(time - last) }
    if facts.firstToken == nil { facts.firstToken = time }
    if chunk.answerBytes > 0 && facts.firstAnswer == nil { facts.firstAnswer = time }
    if chunk.reasoningBytes > 0 { sawReasoning = true }
    facts.lastToken = time
    facts.chunks += 1
    facts.textBytes += chunk.answerBytes + chunk.reasoningBytes
    if reads != lastTextRead {
      lastTextRead = reads
      readsWithText += 1
    }
    guard facts.chunks <= 2 * asked else { throw .endless(chunks: facts.chunks, asked: asked) }
  }

  /// The body has ended as HTTP wants.
  package mutating func finish(at time: Double) throws(RequestFault) -> ServedRequest {
    guard isDone || facts.finishReason != nil else { throw .incomplete(chunks: facts.chunks) }
    facts.end = time
    facts.count(usage, showsReasoning: sawReasoning, asked: asked)
    if let first = facts.firstToken, let last = facts.lastToken, facts.chunks > 1 {
      if readsWithText == 1 || last - first < Self.oneBurst {
        facts.flags.insert(.notStreamed)
        facts.gaps = []
      }
      if last - first < ServedRequest.shortestSpan { facts.flags.insert(.tooFastToMeasure) }
    }
    return facts
  }

  /// Chunks that all come within this were not sent as they were made.
  private static let oneBurst = 0.001
}

extension ServedRequest {
  /// Sets the counts from the server's usage, or from the chunks where there is none or it cannot be true.
  mutating func count(_ usage: Usage?, showsReasoning: Bool, asked: Int) {
    promptTokens = usage?.prompt
    cachedTokens = usage?.cached
    guard let output = usage?.output else {
      tokenSource = .estimatedFromChunks
      outputTokens = chunks
      flags.insert(.noUsage)
      flagLength(asked)
      return
    }
    // Thought that is counted and not shown leaves no trace in the stream.
    let shown = showsReasoning ? output : max(0, output - (usage?.reasoning ?? 0))
    // A chunk holds at least one token and a token at least one byte.
    let fewest = Double(chunks) * 0.95
    let most = Double(max(textBytes, chunks)) * 1.05 + 1
    if Double(shown) < fewest || Double(shown) > most {
      tokenSource = .disputed
      billedTokens = output
      outputTokens = chunks
      flags.insert(.usageDisagrees)
    } else {
      tokenSource = .usage
      outputTokens = output
    }
    flagLength(asked)
  }

  private mutating func flagLength(_ asked: Int) {
    let tokens = outputTokens ?? 0
    if tokens == 0 { flags.insert(.noTokens) } else if tokens < asked { flags.insert(.short) }
    if max(tokens, billedTokens ?? 0) > asked { flags.insert(.tooManyTokens) }
  }
}
