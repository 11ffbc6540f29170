// What is sent: pieces of a fixed text, each with a beginning of its own so that no prefix cache answers.

import Measurement
import NIOCore
import StrictJSON

/// One request's prompt and the most tokens of its answer.
public struct Prompt: Sendable, Equatable {
  public let text: String
  public let maximumTokens: Int

  package init(text: String, maximumTokens: Int) {
    self.text = text
    self.maximumTokens = maximumTokens
  }
}

/// Makes prompts of about the wanted number of tokens; the server's own count tells how many they had.
public struct PromptMaker: Sendable {
  private let text: [UInt8]
  /// Where words begin.
  private let starts: [Int]
  public let promptTokens: ClosedRange<Int>
  public let outputTokens: ClosedRange<Int>
  private let seed: UInt64
  /// English in the vocabularies of today; replaced by what the server's first count says.
  public private(set) var bytesPerToken = 4.0

  /// - Parameter text: Not empty; bytes that are no UTF-8 are replaced.
  public init(
    text: [UInt8], promptTokens: ClosedRange<Int>, outputTokens: ClosedRange<Int>, seed: UInt64
  ) {
    let text = Array(String(decoding: text, as: UTF8.self).utf8)
    self.text = text
    starts = text.indices.filter { index in
      index == 0 || (text[index - 1] == 0x20 && text[index] & 0xC0 != 0x80)
    }
    self.promptTokens = promptTokens
    self.outputTokens = outputTokens
    self.seed = seed
  }

  /// Learns from a server's count; later prompts have the wanted length.
  public mutating func calibrate(bytes: Int, tokens: Int) {
    let ratio = Double(bytes) / Double(max(1, tokens))
    // A count outside this is not of these bytes.
    if ratio > 0.5 && ratio < 32 { bytesPerToken = ratio }
  }

  /// The same number gives the same prompt.
  public func prompt(_ number: Int) -> Prompt {
    var generator = SeededGenerator(seed: seed &+ UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9)
    let mark = UInt32.random(in: .min ... .max, using: &generator)
    let start = starts.randomElement(using: &generator) ?? 0
    let wanted = Int.random(in: promptTokens, using: &generator)
    let output = Int.random(in: outputTokens, using: &generator)
    let digits = String(mark, radix: 16)
    let head = "Text " + String(repeating: "0", count: 8 - digits.count) + digits + ":\n"
    let bytes = max(1, Int(Double(wanted) * bytesPerToken) - head.utf8.count)
    var body: [UInt8] = []
    body.reserveCapacity(bytes)
    var index = start
    while body.count < bytes && !text.isEmpty {
      body.append(text[index])
      index = index + 1 == text.count ? 0 : index + 1
    }
    // A prompt never ends inside a character.
    while let last = body.last, last & 0xC0 == 0x80 || last >= 0xC0 { body.removeLast() }
    return Prompt(text: head + String(decoding: body, as: UTF8.self), maximumTokens: output)
  }
}

extension EndpointSettings {
  /// The request's JSON.
  func body(_ prompt: Prompt) throws(JSONError) -> ByteBuffer {
    var object = JSONObject()
    object["model"] = .string(model)
    switch api {
    case .chat:
      object["messages"] = [["role": "user", "content": .string(prompt.text)]]
    case .completions: object["prompt"] = .string(prompt.text)
    }
    object["max_tokens"] = JSONValue(prompt.maximumTokens)
    object["temperature"] = 0
    object["stream"] = .bool(isStreaming)
    if isStreaming { object["stream_options"] = ["include_usage": true] }
    if ignoresEndOfText { object["ignore_eos"] = true }
    return ByteBuffer(string: try JSONValue.object(object).text())
  }
}
