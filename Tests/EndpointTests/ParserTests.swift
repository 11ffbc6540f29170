// Server-sent events in every shape the standard allows, and past its limits.

import Endpoint
import Measurement
import Testing

@Suite struct ParserTests {
  private func events(_ bytes: [UInt8], piece: Int) throws -> [String] {
    var parser = EventStreamParser()
    var found: [String] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      try parser.feed(rest.prefix(piece)) { (data) throws(RequestFault) in
        found.append(String(decoding: data, as: UTF8.self))
      }
      rest = rest.dropFirst(piece)
    }
    return found
  }

  @Test(
    "line ends of any kind and any split give the same events", arguments: ["\n", "\r", "\r\n"],
    [1, 2, 3, 1000])
  func lineEnds(end: String, piece: Int) throws {
    let lines = [
      ": ping", "", "event: message", "id: 7", "data: {\"a\":", "data:1}", "", "retry: 5",
      "data: na\u{EF}ve \u{1F680}", "", "data", "", "database: no", "", "data: lost",
    ]
    let text = "\u{FEFF}" + lines.joined(separator: end) + end
    #expect(
      try events(Array(text.utf8), piece: piece) == ["{\"a\":\n1}", "na\u{EF}ve \u{1F680}", ""])
  }

  @Test("a line longer than the limit is refused before it is held")
  func longLine() throws {
    var parser = EventStreamParser()
    let piece = [UInt8](repeating: 0x41, count: 1 << 16)
    #expect(throws: RequestFault.lineTooLong) {
      for _ in 0..<17 { try parser.feed(piece) { _ throws(RequestFault) in } }
    }
  }

  @Test("lines that are short but join to more than the limit are refused")
  func longEvent() throws {
    var parser = EventStreamParser()
    let line = Array(("data: " + String(repeating: "A", count: 60_000) + "\n").utf8)
    #expect(throws: RequestFault.lineTooLong) {
      for _ in 0..<20 { try parser.feed(line) { _ throws(RequestFault) in } }
    }
  }

  private func reply(_ text: String, asked: Int = 16, every: Double = 0.01) throws -> ServedRequest
  {
    var reply = StreamReply(asked: asked)
    var time = 0.1
    for event in text.split(separator: "\n\n", omittingEmptySubsequences: true) {
      try reply.receive(Array((event + "\n\n").utf8), at: time)
      time += every
    }
    return try reply.finish(at: time)
  }

  @Test("the last usage counts, once, and what follows [DONE] does not")
  func usage() throws {
    let facts = try reply(
      Reply.text("a ") + Reply.usage(1) + Reply.text("b ") + Reply.usage(2) + Reply.done
        + Reply.usage(9) + Reply.text("c"))
    #expect(facts.outputTokens == 2)
    #expect(facts.tokenSource == .usage)
    #expect(facts.chunks == 2)
  }

  @Test("without usage the count is an estimate and says so")
  func noUsage() throws {
    let facts = try reply(Reply.text("a ") + Reply.text("b ") + Reply.done)
    #expect(facts.outputTokens == 2)
    #expect(facts.tokenSource == .estimatedFromChunks)
    #expect(facts.flags.contains(.noUsage))
  }

  @Test("a usage that its text cannot hold is billed but not measured", arguments: [0, 1, 200])
  func disputed(count: Int) throws {
    let facts = try reply(
      (0..<8).map { _ in Reply.text("ab ") }.joined() + Reply.usage(count) + Reply.done)
    #expect(facts.outputTokens == 8)
    #expect(facts.billedTokens == count)
    #expect(facts.flags.contains(.usageDisagrees))
  }

  @Test(
    "counts that are none are refused",
    arguments: ["-5", "\"16\"", "1e30", "1.5", "true", "[]"])
  func badUsage(count: String) throws {
    #expect(throws: RequestFault.self) {
      try reply("data: {\"choices\":[],\"usage\":{\"completion_tokens\":\(count)}}\n\n")
    }
  }

  @Test("several tokens a chunk do not change the time per token")
  func severalTokens() throws {
    let facts = try reply(
      (0..<4).map { _ in Reply.text("one two three") }.joined() + Reply.usage(16) + Reply.done,
      every: 0.04)
    let each = try #require(facts.secondsPerOutputToken)
    #expect(abs(each - 0.01) < 1e-9)
  }

  @Test("halves of a character in two events are read as text")
  func surrogates() throws {
    let facts = try reply(
      Reply.text("\\ud83d") + Reply.text("\\ude80") + Reply.usage(2) + Reply.done)
    #expect(facts.chunks == 2)
    #expect(facts.tokenSource == .usage)
  }

  @Test("a stream that goes on past twice what was asked is cut off")
  func endless() throws {
    #expect(throws: RequestFault.endless(chunks: 9, asked: 4)) {
      try reply((0..<20).map { _ in Reply.text("a") }.joined(), asked: 4)
    }
  }

  @Test("one token, none, or all at once have no rate")
  func noRate() throws {
    let one = try reply(Reply.text("a") + Reply.usage(1) + Reply.done)
    #expect(one.secondsPerOutputToken == nil)
    let none = try reply(Reply.finish + Reply.usage(0) + Reply.done)
    #expect(none.outputTokens == 0)
    #expect(none.firstToken == nil)
    let atOnce = try reply(
      (0..<8).map { _ in Reply.text("ab ") }.joined() + Reply.usage(8) + Reply.done, every: 0)
    #expect(atOnce.secondsPerOutputToken == nil)
    #expect(atOnce.flags.isSuperset(of: [.notStreamed, .tooFastToMeasure]))
  }
}
