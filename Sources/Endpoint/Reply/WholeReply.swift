// A reply that is one JSON document: counts, and no time but the last.

import Measurement

enum WholeReply {
  /// - Parameters:
  ///   - isExpected: False where a stream was asked for.
  ///   - time: When its last byte came, seconds after the request was sent.
  static func facts(
    _ bytes: [UInt8], at time: Double, asked: Int, isExpected: Bool, key: APIKey?
  ) throws(RequestFault) -> ServedRequest {
    let reply = try ReplyChunk(parsing: bytes, event: 1, key: key)
    guard reply.hasText || reply.finishReason != nil else {
      throw .invalidReply(event: 1, "the reply has neither text nor finish_reason")
    }
    var facts = ServedRequest(sentAt: 0, end: time)
    facts.finishReason = reply.finishReason
    facts.model = reply.model?.printable(limit: 120)
    facts.textBytes = reply.answerBytes + reply.reasoningBytes
    if reply.hasOtherChoice { facts.flags.insert(.otherChoices) }
    if !isExpected { facts.flags.insert(.notStreamed) }
    facts.count(reply.usage, showsReasoning: reply.reasoningBytes > 0, asked: asked)
    if reply.usage?.output == nil {
      // There are no chunks to count either.
      facts.outputTokens = nil
      facts.tokenSource = nil
    }
    return facts
  }
}
